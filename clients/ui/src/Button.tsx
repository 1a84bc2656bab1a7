import type { ComponentProps } from "react";

import classes from "./Button.module.css";

export interface ButtonProps extends ComponentProps<"button"> {
  /** solid: the main action. outline: another action. plain: looks like text. */
  look?: "solid" | "outline" | "plain";
}

/** A button that submits a form only if its type says so. */
export function Button({ look = "solid", className, ...rest }: ButtonProps) {
  return <button type="button" {...rest} className={[classes.button, classes[look], className].filter(Boolean).join(" ")} />;
}

/** A link that looks like a button. */
export function LinkButton({ className, ...rest }: ComponentProps<"a">) {
  return <a {...rest} className={[classes.button, classes.outline, classes.link, className].filter(Boolean).join(" ")} />;
}
