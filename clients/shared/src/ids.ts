/** A random UUID. crypto.randomUUID is missing on a page that came over plain HTTP. */
export function newId(): string {
  const digit = () => crypto.getRandomValues(new Uint8Array(1))[0]! & 15;
  return "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (place) => (place === "x" ? digit() : (digit() & 3) | 8).toString(16));
}
