const isNumber = require('is-number'), ms = require('ms')
console.log(isNumber(ms('2 days')))
