import { describe, expect, it } from "vitest";

import { span, spoken } from "./duration";

const cases = [
  { name: "nothing", seconds: 0, span: "0 min", spoken: "less than a minute" },
  { name: "a-second-before-a-minute", seconds: 59.9, span: "0 min", spoken: "less than a minute" },
  { name: "one-minute", seconds: 60, span: "1 min", spoken: "1 minute" },
  { name: "a-second-before-an-hour", seconds: 3599, span: "59 min", spoken: "59 minutes" },
  { name: "one-hour", seconds: 3600, span: "1 h", spoken: "1 hour" },
  { name: "hours-and-minutes", seconds: 6067, span: "1 h 41 min", spoken: "1 hour 41 minutes" },
  { name: "over-a-day", seconds: 90_061, span: "25 h 1 min", spoken: "25 hours 1 minute" },
  { name: "before-the-start", seconds: -5, span: "0 min", spoken: "less than a minute" },
];

describe.each(cases)("$name", (want) => {
  it("has a span", () => expect(span(want.seconds).replaceAll("\u00a0", " ")).toBe(want.span));
  it("is read aloud", () => expect(spoken(want.seconds)).toBe(want.spoken));
});
