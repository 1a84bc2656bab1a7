/** The timers, which the layout shows. */
export default function Timers() {
  return null;
}
