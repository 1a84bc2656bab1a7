import { useId, type ComponentProps } from "react";

export interface LineProps extends ComponentProps<"input"> {
  label: string;
  hint: string;
  /** What is wrong with what was entered, as a sentence. */
  fault: string | undefined;
}

/** A labelled text field, with a hint or an error below it. */
export function Line({ label, hint, fault, ...input }: LineProps) {
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <input autoComplete="off" spellCheck={false} {...input} id={id} aria-invalid={fault !== undefined} aria-describedby={`${id}-hint`} />
      <p id={`${id}-hint`} role={fault === undefined ? undefined : "alert"} data-fault={fault !== undefined || undefined}>
        {fault ?? hint}
      </p>
    </>
  );
}
