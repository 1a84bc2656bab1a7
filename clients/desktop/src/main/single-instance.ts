/** What of Electron's app decides which copy of the program runs. */
export interface InstanceLock {
  requestSingleInstanceLock(): boolean;
  on(event: "second-instance", listener: () => void): unknown;
  quit(): void;
}

/**
 * Makes this the only copy that runs, and calls `again` when a second one is
 * started. Answers false if another copy runs already: this one then quits.
 */
export function claimSingleInstance(app: InstanceLock, again: () => void): boolean {
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return false;
  }
  app.on("second-instance", again);
  return true;
}
