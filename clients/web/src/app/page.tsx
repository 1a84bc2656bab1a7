"use client";

import { App } from "@clockwork/ui";

export default function Page() {
  return <App />;
}
