import type { Metadata } from "next";

import classes from "./not-found.module.css";

export const metadata: Metadata = { title: "Not found · Clockwork" };

export default function NotFound() {
  return (
    <main className={classes.page}>
      <h1>There is no such page</h1>
      <p>
        {/* A whole page load: the screen's program is not part of this page. */}
        <a href="/">Go to your timers</a>
      </p>
    </main>
  );
}
