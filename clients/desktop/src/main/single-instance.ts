/** The part of Electron's app that claimSingleInstance uses. */
export interface InstanceLock {
  requestSingleInstanceLock(): boolean;
  on(event: "second-instance", listener: () => void): unknown;
  quit(): void;
}

/**
 * Makes this the only running copy, and calls `again` when a second one is started. Returns false if another copy
 * runs already: then this one quits.
 */
export function claimSingleInstance(app: InstanceLock, again: () => void): boolean {
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return false;
  }
  app.on("second-instance", again);
  return true;
}
