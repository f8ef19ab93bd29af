#!/usr/bin/env node
// The first file of the daemon: it runs on any Node, and says so when this one is too old for the rest.
'use strict'

var major = Number(process.versions.node.split('.')[0])
if (major < 26) {
  process.stderr.write(
    'corrald: Node 26 or later is needed, and this is Node ' + process.versions.node + ' (' + process.execPath + ')\n',
  )
  process.exit(125)
}
Promise.all([import('node:module'), import('node:os')])
  .then(function (modules) {
    // Not the default, a folder below /tmp, where any user could put code for root to find.
    try {
      modules[0].enableCompileCache(process.env.CACHE_DIRECTORY || modules[1].userInfo().homedir + '/.cache/corrald')
    } catch (error) {
      // A user without a home goes without.
    }
    return import('../dist/main.js')
  })
  .then(function (program) {
    return program.main(process.argv.slice(2))
  })
  .then(
    function (exitStatus) {
      process.exitCode = exitStatus
    },
    function (error) {
      process.stderr.write(
        'corrald: ' +
          (error.code === 'ERR_MODULE_NOT_FOUND' ? 'it has not been built: npm run build\n' : error.stack + '\n'),
      )
      process.exitCode = 125
    },
  )
