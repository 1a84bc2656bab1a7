import { ClientError } from "@clockwork/shared";

/** The message to show for anything that was thrown. */
export function sentenceOf(thrown: unknown): string {
  return thrown instanceof ClientError ? thrown.message : "Something went wrong here. Try again, or load the page again.";
}
