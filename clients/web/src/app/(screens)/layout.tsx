"use client";

import { App } from "@clockwork/ui";
import type { ReactNode } from "react";

/** All screens are one app, so that nobody must log in again when changing between them. */
export default function Screens({ children }: { children: ReactNode }) {
  return (
    <>
      <App />
      {children}
    </>
  );
}
