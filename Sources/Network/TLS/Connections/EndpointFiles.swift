internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The files of one endpoint, and the material made of them. The files are checked for changes when
/// a connection needs the material and the last check is a while ago: on the thread pool, one check
/// at a time, for which all connections wait.
final class EndpointFiles: Sendable {
    /// How old a check may be.
    static let checkInterval: TimeAmount = .milliseconds(100)

    private struct State {
        var material: TLSMaterial
        var parts: Parts
        var lastCheck: NIODeadline
        /// Those who wait for the check that is under way; nil: none is.
        var waiting: [EventLoopPromise<TLSMaterial>]?
    }

    /// What is read from the files, each with what shows changes.
    struct Parts: Sendable {
        var keyPair: WatchedFiles<KeyPair>?
        /// The roots of the system are not watched.
        var trust: WatchedFiles<TrustStore>?
        var systemTrust: TrustStore?
        var revocation: WatchedFiles<Revocation>?

        func material(
            _ factory: ContextFactory
        ) throws(TLSConfigurationError) -> TLSMaterial {
            let trust = trust?.value ?? systemTrust
            return TLSMaterial(
                context: try factory.make(
                    keyPair?.value, trusted: self.trust?.value.pool.certificates ?? []),
                trust: trust, revocation: revocation?.value)
        }
    }

    private let factory: ContextFactory
    private let observe: @Sendable (TLSEvent) -> Void
    private let state: Mutex<State>

    init(
        _ parts: Parts, _ factory: ContextFactory, observe: @escaping @Sendable (TLSEvent) -> Void
    ) throws(TLSConfigurationError) {
        self.factory = factory
        self.observe = observe
        state = Mutex(
            State(material: try parts.material(factory), parts: parts, lastCheck: .now()))
    }

    /// The material, without a check.
    var current: TLSMaterial { state.withLock { $0.material } }

    /// The material if the files were checked a moment ago.
    var fresh: TLSMaterial? {
        let now = NIODeadline.now()
        return state.withLock { now - $0.lastCheck < Self.checkInterval ? $0.material : nil }
    }

    /// The material after a check, which another connection may have started.
    func checked(on eventLoop: any EventLoop) -> EventLoopFuture<TLSMaterial> {
        let promise = eventLoop.makePromise(of: TLSMaterial.self)
        startCheck(promise)
        return promise.futureResult
    }

    /// Starts a check unless there is a fresh one, for connections to come.
    func checkInBackground() {
        if fresh == nil { startCheck(nil) }
    }

    private func startCheck(_ promise: EventLoopPromise<TLSMaterial>?) {
        let isUnderWay = state.withLock { state in
            let isUnderWay = state.waiting != nil
            state.waiting = (state.waiting ?? []) + (promise.map { [$0] } ?? [])
            return isUnderWay
        }
        guard !isUnderWay else { return }
        NIOThreadPool.singleton.submit { workItem in
            // A pool that is shut down cannot check; what is there still works.
            if case .active = workItem { self.check() }
            self.finishCheck()
        }
    }

    private func finishCheck() {
        let (waiting, material) = state.withLock { state in
            defer { state.waiting = nil }
            return (state.waiting ?? [], state.material)
        }
        for promise in waiting { promise.succeed(material) }
    }

    /// Called by one thread at a time.
    private func check() {
        // Before the files are inspected, so that no later change counts as checked.
        let now = NIODeadline.now()
        var (parts, material) = state.withLock { ($0.parts, $0.material) }
        let refreshed = Self.refresh(&parts)
        var events = refreshed.events
        if refreshed.needsContext {
            do throws(TLSConfigurationError) {
                material = try parts.material(factory)
            } catch {
                events.append(.reloadFailed(file: "", reason: error.description))
            }
        } else if refreshed.hasNewRevocation {
            material = TLSMaterial(
                context: material.context, trust: material.trust,
                revocation: parts.revocation?.value)
        }
        state.withLock { state in
            state.parts = parts
            state.material = material
            state.lastCheck = now
        }
        for event in events { observe(event) }
    }

    private struct Refreshed {
        var needsContext = false
        var hasNewRevocation = false
        var events: [TLSEvent] = []

        /// - Returns: whether there is a new value.
        mutating func add<Value>(_ change: WatchedFiles<Value>.Change?) -> Bool {
            switch change {
            case nil, .some(.none): return false
            case .changed(let files):
                events += files.map { .reloaded(file: $0) }
                return true
            case .broken(let file, let reason):
                events.append(.reloadFailed(file: file, reason: reason))
                return false
            }
        }
    }

    private static func refresh(_ parts: inout Parts) -> Refreshed {
        var refreshed = Refreshed()
        if refreshed.add(parts.keyPair?.refresh()) { refreshed.needsContext = true }
        if refreshed.add(parts.trust?.refresh()) { refreshed.needsContext = true }
        switch parts.revocation?.refresh() {
        case .changed(let files):
            refreshed.hasNewRevocation = true
            let file = files.first ?? ""
            if case .broken(let reason) = parts.revocation?.value {
                refreshed.events.append(.reloadFailed(file: file, reason: reason))
            } else {
                refreshed.events.append(.reloaded(file: file))
            }
        default: break
        }
        return refreshed
    }
}
