// Checks that each npm package of the clients has a licence on the list. This
// includes build tools, because bundlers do not tell them apart from what they
// bundle. Also checks that every package of the tree is pinned by an exact version
// and a digest.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const allowed = new Set([
  'MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0', 'CC0-1.0', 'Unlicense', 'WTFPL', 'Python-2.0', 'MPL-2.0',
  'CC-BY-4.0', // caniuse-lite: data
  'OFL-1.1', // fonts
])

// Next.js would resize images with these on a server. The pages are exported as files
// and contain nothing of them.
const buildsOnly = /(^|\/)node_modules\/@img\/sharp-/
const inTools = new Set(['LGPL-3.0-or-later'])

const faults = []

// fine evaluates an SPDX expression: AND needs both, OR needs one, and AND binds
// tighter.
function fine(expression, also) {
  const tokens = expression.match(/\(|\)|[^\s()]+/g) ?? []
  const one = () => {
    if (tokens[0] === '(') {
      tokens.shift()
      const inner = any()
      tokens.shift()
      return inner
    }
    const name = tokens.shift()
    return allowed.has(name) || also.has(name)
  }
  const both = () => {
    let good = one()
    while (tokens[0] === 'AND') (tokens.shift(), (good = one() && good))
    return good
  }
  const any = () => {
    let good = both()
    while (tokens[0] === 'OR') (tokens.shift(), (good = both() || good))
    return good
  }
  return any() && tokens.length === 0
}

const tracked = (pattern) => execFileSync('git', ['ls-files', '--', pattern], { encoding: 'utf8' }).split('\n').filter(Boolean)
const read = (file) => JSON.parse(readFileSync(file, 'utf8'))
const exact = /^(npm:[^@]+@|npm:@[^@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/

for (const file of tracked('*package.json')) {
  const { dependencies, devDependencies, optionalDependencies } = read(file)
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
    const ours = name.startsWith('@clockwork/') && version === '*'
    if (!ours && !exact.test(version)) faults.push(`${file}: ${name} ${version} is not an exact version`)
  }
}

let checked = 0
for (const file of tracked('*package-lock.json')) {
  for (const [path, entry] of Object.entries(read(file).packages)) {
    if (entry.link || !path.includes('node_modules/')) continue
    // npm writes no digest for optional packages of other platforms.
    if (!entry.integrity && !entry.inBundle && !entry.optional) faults.push(`${file}: ${path} has no digest`)
    if (!file.startsWith('clients/')) continue // tools of the tests are not shipped
    checked++
    const licence = entry.license ?? ''
    if (!fine(licence, buildsOnly.test(path) ? inTools : new Set())) faults.push(`${file}: ${path} ${entry.version}: ${licence || 'no licence'}`)
  }
}

if (faults.length > 0) {
  console.error(faults.join('\n'))
  process.exit(1)
}
console.log(`licences: ${checked} npm packages are fine, and all are pinned`)
