// Prints what ical.js reads from the calendar on stdin, as JSON.
import { readFileSync } from 'node:fs'
import ICAL from 'ical.js'

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, 'utf8')))
const events = calendar.getAllSubcomponents('vevent').map((component) => {
  const { uid, summary, startDate, endDate } = new ICAL.Event(component)
  return { uid, summary, start: startDate.toJSDate(), end: endDate.toJSDate() }
})
console.log(JSON.stringify(events))
