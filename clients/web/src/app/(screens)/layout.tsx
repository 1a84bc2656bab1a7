"use client";

import { App } from "@clockwork/ui";
import type { ReactNode } from "react";

/** All screens are one app, so that nobody has to log in again on the way from one to the other. */
export default function Screens({ children }: { children: ReactNode }) {
  return (
    <>
      <App />
      {children}
    </>
  );
}
