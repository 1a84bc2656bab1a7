/** Runs tasks one after the other, in the order in which they were given. */
export class Queue {
  private tail: Promise<unknown> = Promise.resolve();

  /** Resolves to the task's result. A task that fails does not stop the next one. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.tail.then(task, task);
    this.tail = result;
    return result;
  }
}
