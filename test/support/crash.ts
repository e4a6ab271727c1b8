/** Loaded before tolk: at SIGUSR2 a fault of a library's, outside of any request, whose text would give away what it was handed. */
const fault = (): Error =>
  Object.assign(new Error('canary-message', { cause: new Error('canary-cause') }), {
    code: 'ERR_CRASHED',
    request: { headers: { authorization: 'Bearer canary-header' } },
  })

process.once('SIGUSR2', () => {
  if (process.env['CRASH'] === 'throws') throw fault()
  void Promise.reject(fault())
})
