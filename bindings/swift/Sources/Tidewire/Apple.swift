#if canImport(SwiftUI)
    import Foundation
    import SwiftUI

    extension Tidewire.Lifecycle {
        /// Takes the phase of a scene.
        public func phase(_ phase: ScenePhase, of scene: String = "app") {
            switch phase {
            case .background: hidden(scene)
            case .active: shown(scene)
            case .inactive: break
            @unknown default: break
            }
        }
    }

    extension View {
        /// Carries the app's streams through its life: into the background and back, and from one network to another. For the outermost view
        /// of each scene:
        ///
        ///     WindowGroup { ContentView().tidewireLifecycle() }
        public func tidewireLifecycle(_ lifecycle: Tidewire.Lifecycle = .shared) -> some View {
            modifier(LifecycleModifier(lifecycle: lifecycle))
        }
    }

    private struct LifecycleModifier: ViewModifier {
        let lifecycle: Tidewire.Lifecycle
        @Environment(\.scenePhase) private var phase
        @State private var scene = UUID().uuidString

        func body(content: Content) -> some View {
            // It gets a task for each phase, on all systems since iOS 15.
            content
                .task(id: phase) { lifecycle.phase(phase, of: scene) }
                .task { await lifecycle.watchNetwork() }
        }
    }
#endif

#if canImport(Network)
    import Foundation
    import Network

    extension Tidewire.Lifecycle {
        /// Follows the system's network until the task is cancelled.
        public func watchNetwork() async {
            let monitor = NWPathMonitor()
            let paths = AsyncStream<NWPath> { continuation in
                monitor.pathUpdateHandler = { continuation.yield($0) }
                continuation.onTermination = { _ in monitor.cancel() }
                monitor.start(queue: DispatchQueue(label: "dev.tidewire.network"))
            }
            for await path in paths {
                if let name = Self.name(of: path) { networkAvailable(name) } else { networkLost() }
            }
        }

        /// Two Wi-Fi networks have the same interface and different gateways.
        private static func name(of path: NWPath) -> String? {
            guard path.status == .satisfied, let interface = path.availableInterfaces.first else { return nil }
            return "\(interface.name) \(path.gateways)"
        }
    }
#endif
