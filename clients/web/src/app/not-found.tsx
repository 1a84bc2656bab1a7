import type { Metadata } from "next";

export const metadata: Metadata = { title: "Not found · Clockwork" };

export default function NotFound() {
  return (
    <main className="missing">
      <h1>There is no such page</h1>
      <p>
        <a href="/">Go to your timers</a>
      </p>
    </main>
  );
}
