import { useEffect, useId, useState } from "react";

import { chooseTheme, chosenTheme, type Theme } from "./theme";
import classes from "./ThemeSwitch.module.css";

const choices: readonly { theme: Theme; label: string }[] = [
  { theme: "system", label: "System" },
  { theme: "light", label: "Light" },
  { theme: "dark", label: "Dark" },
];

/** Light, dark, or what the system says. */
export function ThemeSwitch() {
  const name = useId();
  const [chosen, setChosen] = useState<Theme>("system");
  useEffect(() => {
    const theme = chosenTheme();
    setChosen(theme);
    chooseTheme(theme);
  }, []);
  return (
    <fieldset className={classes.themes}>
      <legend className={classes.legend}>Theme</legend>
      {choices.map(({ theme, label }) => (
        <label key={theme} className={classes.choice}>
          <input
            type="radio"
            name={name}
            checked={chosen === theme}
            onChange={() => {
              setChosen(theme);
              chooseTheme(theme);
            }}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
