import "@clockwork/ui/styles.css";
import "./desktop.css";

import { App } from "@clockwork/ui";
import { chooseTheme, chosenTheme } from "@clockwork/ui/theme";
import { StrictMode, type ReactNode } from "react";
import { createRoot } from "react-dom/client";

import config from "../../config.json";
import { DesktopApp } from "./DesktopApp";

chooseTheme(chosenTheme());
const root = createRoot(document.getElementById("root") as HTMLElement);
root.render(<StrictMode>{await screen()}</StrictMode>);

// Without a bridge this is an ordinary browser, with the same screen but without the
// desktop's parts.
async function screen(): Promise<ReactNode> {
  const bridge = window.clockwork;
  if (bridge === undefined) return <App compact baseUrl={config.serverUrl} />;
  return <DesktopApp bridge={bridge} before={await bridge.load()} />;
}
