/** What Node itself needs. */
import { finish } from './mark.mjs'

finish(null)
process.exit(0)
