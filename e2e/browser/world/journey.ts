/** Does one action of a person, and waits until the screen shows the result. */
export type Step = <T>(what: string, act: () => Promise<T>) => Promise<T>;

/** One sequence of actions. It is printed with the time of each step, in milliseconds on this machine. */
export class Journey {
  private readonly done: string[] = [];
  private total = 0;

  constructor(private readonly name: string) {}

  readonly step: Step = async (what, act) => {
    const began = performance.now();
    const result = await act();
    const took = Math.round(performance.now() - began);
    this.total += took;
    this.done.push(`${what} (${took})`);
    return result;
  };

  print(): void {
    console.log(`    ${this.name}: ${this.done.length} steps, ${this.total} ms: ${this.done.join(", ")}`);
  }
}
