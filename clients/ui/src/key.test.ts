import { expect, it } from "vitest";

import { isKey, keyOf } from "./key";

it.each([
  { name: "a-key", text: "PORTAL-312", want: "PORTAL-312" },
  { name: "lower-case-and-spaces", text: " portal-312 ", want: "PORTAL-312" },
  { name: "a-link", text: "https://acme.atlassian.net/browse/PORTAL-312?focused=1", want: "PORTAL-312" },
  { name: "words", text: "invoice", want: undefined },
  { name: "a-number", text: "312", want: undefined },
  { name: "the-number-zero", text: "PORTAL-0", want: undefined },
])("finds the key in $name", ({ text, want }) => {
  expect(keyOf(text)).toBe(want);
  expect(isKey(text)).toBe(want !== undefined && !text.includes("/"));
});
