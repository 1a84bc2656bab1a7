import type { Metadata } from "next";

export const metadata: Metadata = { title: "Team · Clockwork" };

/** The team, which the layout shows. */
export default function Team() {
  return null;
}
