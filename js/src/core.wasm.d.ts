/** The core, as bundlers and hosts that compile WebAssembly themselves import it. */
declare const module: WebAssembly.Module;
export default module;
