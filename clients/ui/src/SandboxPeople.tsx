import { Button } from "./Button";
import classes from "./SandboxPeople.module.css";
import type { Sandbox } from "./useSandbox";

/** Offers the sandbox's people to log in as. */
export default function SandboxPeople({ people, onPick }: { people: Sandbox["people"]; onPick: (username: string) => void }) {
  return (
    <section className={classes.sandbox} aria-labelledby="sandbox">
      <h2 id="sandbox" className={classes.heading}>
        This is a sandbox
      </h2>
      <p className={classes.why}>Its Clockwork and Jira are played by this computer. Log in as one of its people:</p>
      <ul className={classes.people}>
        {people.map(({ username, displayName }) => (
          <li key={username}>
            <Button look="outline" onClick={() => onPick(username)}>
              {displayName}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
