import { useId, type ComponentProps, type ReactNode } from "react";

import classes from "./Field.module.css";

export interface FieldProps extends ComponentProps<"input"> {
  label: string;
  /** What is wrong with what was entered, as a sentence. */
  fault?: string | undefined;
  hint?: ReactNode;
}

/** A labelled text field. */
export function Field({ label, fault, hint, id: given, className, ...input }: FieldProps) {
  const own = useId();
  const id = given ?? own;
  const described = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
  return (
    <div className={[classes.field, className].filter(Boolean).join(" ")}>
      <label className={classes.label} htmlFor={id}>
        {label}
      </label>
      <input className={classes.input} aria-invalid={fault ? true : undefined} aria-describedby={described} {...input} id={id} />
      {fault && (
        <p className={classes.fault} id={`${id}-fault`} role="alert">
          {fault}
        </p>
      )}
      {hint && (
        <p className={classes.hint} id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
