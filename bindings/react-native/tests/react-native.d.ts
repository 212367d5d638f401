// All that the generated installer takes of React Native.
declare module "react-native" {
  export interface TurboModule {}
  export const TurboModuleRegistry: { getEnforcing<T extends TurboModule>(name: string): T };
}
