const key = /^\s*([a-z][a-z0-9_]*-[1-9][0-9]*)\s*$/i;

/** Whether a text is a whole issue key. */
export function isKey(text: string): boolean {
  return key.test(text);
}

/** The key in a text that is one, or in the address of its page in Jira. */
export function keyOf(text: string): string | undefined {
  const link = /\/browse\/([^/?#\s]+)/.exec(text)?.[1];
  return key.exec(link ?? text)?.[1]?.toUpperCase();
}
