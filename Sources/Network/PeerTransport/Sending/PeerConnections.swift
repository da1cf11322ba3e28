import NIOCore
import Raft

/// Connections that this member opens to another one: streams to receive on, and connections for
/// posts and probes.
final class PeerConnections: @unchecked Sendable {  // owned by contact.loop
    let contact: PeerContact
    let pipeline: Pipeline
    private var readers: [StreamReader] = []
    private var probers: [PeerProber] = []
    private var uploads: [ObjectIdentifier: SnapshotUpload] = [:]

    init(_ contact: PeerContact) {
        self.contact = contact
        pipeline = Pipeline(contact)
    }

    func start() {
        guard !contact.isStopped else { return }
        readers = PeerStreamKind.allCases.map { StreamReader($0, contact) }
        for reader in readers { reader.start() }
        startProbing()
    }

    private func startProbing() {
        for prober in probers { prober.stop() }
        probers = [
            PeerProber(.message, contact, pipeline), PeerProber(.snapshot, contact, pipeline),
        ]
        for prober in probers { prober.start() }
    }

    func update(_ urls: [PeerURL]) {
        guard !contact.isStopped else { return }
        contact.urlPicker = PeerURLPicker(urls)
        pipeline.closeIdle()
        if !probers.isEmpty { startProbing() }
    }

    /// Completes when all is closed and reported.
    func stop() -> EventLoopFuture<Void> {
        contact.isStopped = true
        for reader in readers { reader.stop() }
        for prober in probers { prober.stop() }
        for upload in uploads.values { upload.stop() }
        pipeline.stop()
        readers = []
        probers = []
        return .andAllComplete(uploads.values.map(\.result), on: contact.loop)
    }

    /// - Parameter loop: the event loop of snapshots.
    func send(
        snapshot message: Raft.Message, _ database: any SnapshotSource, on loop: any EventLoop
    ) {
        let upload = SnapshotUpload(message, database, contact, on: loop)
        let key = ObjectIdentifier(upload)
        uploads[key] = upload
        upload.result.hop(to: contact.loop).whenComplete { [weak self] _ in
            self?.uploads[key] = nil
        }
        upload.start(to: contact.urlPicker.current)
        if contact.isStopped { upload.stop() }
    }
}
