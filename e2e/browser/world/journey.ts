/** Does what a person does next, and waits until the screen shows it. */
export type Step = <T>(what: string, act: () => Promise<T>) => Promise<T>;

/** One way through the product. It is printed with what each step took, in milliseconds of this machine. */
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
