// What the generated code imports as "@ubjs/node": the generator's runtime for Node, as `cargo xtask` builds it from the generator's own
// sources. The one on npm is older than the generator, and the two have to be of one version.
import process from "node:process";

const runtime: { exports: { UniffiNativeModule?: any } } = { exports: {} };
process.dlopen(runtime, process.env.TIDEWIRE_NODE_RUNTIME!);

// What is generated for Node drops a byte order mark at the start of each string. For React Native strings are made in C++.
const Decoder = globalThis.TextDecoder;
globalThis.TextDecoder = class extends Decoder {
  constructor(label?: string, options?: TextDecoderOptions) {
    super(label, { ...options, ignoreBOM: true });
  }
} as typeof Decoder;

const plain = ["UInt8", "Int8", "UInt16", "Int16", "UInt32", "Int32", "UInt64", "Int64", "Float32", "Float64", "Handle"];
plain.push("RustBuffer", "ForeignBytes", "RustCallStatus", "VoidPointer", "Void");

export default {
  UniffiNativeModule: runtime.exports.UniffiNativeModule,
  FfiType: {
    ...Object.fromEntries(plain.map((tag) => [tag, { tag }])),
    Callback: (name: string) => ({ tag: "Callback", name }),
    Struct: (name: string) => ({ tag: "Struct", name }),
    Reference: (inner: object) => ({ tag: "Reference", inner }),
    MutReference: (inner: object) => ({ tag: "MutReference", inner }),
  } as any,
  resolveLibPath: ({ override }: { override: string; [more: string]: string }): string => override,
};
