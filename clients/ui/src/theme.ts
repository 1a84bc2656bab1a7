export type Theme = "system" | "light" | "dark";

const key = "theme";

/** What was chosen here before. It is no secret, so it may be kept. */
export function chosenTheme(): Theme {
  try {
    const kept = localStorage.getItem(key);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system"; // storage is refused
  }
}

/** Shows a theme, and keeps it for the next time. */
export function chooseTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem(key);
    else localStorage.setItem(key, theme);
  } catch {
    // it holds until the page is left
  }
}

/** For a page's head: shows the chosen theme before anything is painted. */
export const themeScript = `try{const t=localStorage.getItem("${key}");if(t==="light"||t==="dark")document.documentElement.dataset.theme=t}catch{}`;
