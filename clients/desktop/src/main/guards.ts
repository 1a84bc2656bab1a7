import { shell, type App, type Session, type WebContents } from "electron";
import { destination } from "./navigation-policy";
import { permits } from "./permissions";

/** Refuses every permission that the page does not need. */
export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((_page, permission, answer, details) => {
    answer(permits(permission, details.requestingUrl));
  });
  session.setPermissionCheckHandler((_page, permission, origin) => permits(permission, origin));
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, answer) => answer(null));
  session.on("will-download", (event) => event.preventDefault());
}

/** Guards every page that is created: none may leave the app, open a window or embed another page. */
export function guardPages(app: App, linkHosts: readonly string[]): void {
  app.on("web-contents-created", (_event, page) => guardPage(page, linkHosts));
}

function guardPage(page: WebContents, linkHosts: readonly string[]): void {
  page.setWindowOpenHandler(({ url }) => {
    openOutside(url, linkHosts);
    return { action: "deny" };
  });
  page.on("will-frame-navigate", (event) => {
    if (event.isMainFrame && destination(event.url, linkHosts) === "window") return;
    event.preventDefault();
    if (event.isMainFrame) openOutside(event.url, linkHosts);
  });
  page.on("will-redirect", (event) => event.preventDefault());
  page.on("will-attach-webview", (event) => event.preventDefault());
}

function openOutside(url: string, linkHosts: readonly string[]): void {
  if (destination(url, linkHosts) !== "browser") return;
  shell.openExternal(url).catch(() => console.warn("the browser could not be opened"));
}
