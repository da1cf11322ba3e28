import Raft

/// Messages that wait for one channel to a member, oldest first, within limits.
struct MessageQueue: Sendable {
    private var messages: [Raft.Message] = []
    private var first = 0
    private var bytes = 0
    private let messagesMaximum: Int
    private let bytesMaximum: Int
    /// Whether somebody is on the way, or is waiting for the channel to take more.
    var isAwaited = false

    init(messagesMaximum: Int, bytesMaximum: Int) {
        self.messagesMaximum = messagesMaximum
        self.bytesMaximum = bytesMaximum
    }

    var count: Int { messages.count - first }
    var isEmpty: Bool { count == 0 }

    /// Adds a message, unless a limit is reached. The first one always fits.
    mutating func offer(_ message: Raft.Message) -> Bool {
        let size = message.waitingBytes
        guard count < messagesMaximum, isEmpty || bytes + size <= bytesMaximum else {
            return false
        }
        messages.append(message)
        bytes += size
        return true
    }

    /// Takes the oldest messages, at least one, up to about so many bytes.
    mutating func take(bytesMaximum: Int) -> [Raft.Message] {
        var taken = 0
        var end = first
        while end < messages.count, end == first || taken < bytesMaximum {
            taken += messages[end].waitingBytes
            end += 1
        }
        bytes -= taken
        if first == 0, end == messages.count {
            defer { messages = [] }
            return messages
        }
        let part = Array(messages[first..<end])
        first = end
        if first == messages.count {
            messages = []
            first = 0
        } else if first > messages.count / 2 {
            messages.removeFirst(first)
            first = 0
        }
        return part
    }

    /// Takes the oldest message.
    mutating func next() -> Raft.Message? {
        isEmpty ? nil : take(bytesMaximum: 0).first
    }

    /// Forgets everything.
    mutating func removeAll() {
        messages = []
        first = 0
        bytes = 0
        isAwaited = false
    }
}

extension Raft.Message {
    /// Bytes that it holds while it waits, counted roughly.
    fileprivate var waitingBytes: Int {
        entries.reduce(64 + context.count) { $0 + $1.sizeBytes }
    }
}

/// What waits for one member: a queue for each channel, and which channels there are.
///
/// MsgApp takes the append stream while there is one, everything takes the message stream while
/// there is one, the rest is posted (etcd's choice). Under its member's lock.
struct Outbox {
    enum Lane {
        case append, message, post
    }

    var append: MessageQueue
    var message: MessageQueue
    var posts: MessageQueue
    /// The streams that the other member has opened.
    var appendStream: OutgoingStream?
    var messageStream: OutgoingStream?
    var isStopped = false
    /// Of the present message stream.
    private var acknowledged = AcknowledgedIndex()

    init(limits: PeerTransportLimits) {
        append = MessageQueue(
            messagesMaximum: limits.streamQueueMessages, bytesMaximum: limits.streamQueueBytes)
        message = append
        posts = MessageQueue(
            messagesMaximum: limits.pipelineQueueMessages, bytesMaximum: limits.streamQueueBytes)
    }

    func lane(of type: MessageType) -> Lane {
        if type == .snapshot { return .post }
        if type == .append, appendStream != nil { return .append }
        return messageStream != nil ? .message : .post
    }

    /// Puts a message where it goes.
    mutating func offer(_ message: Raft.Message) -> (lane: Lane, isTaken: Bool) {
        let lane = lane(of: message.type)
        switch lane {
        case .append: return (lane, append.offer(message))
        case .message: return (lane, self.message.offer(message))
        case .post: return (lane, posts.offer(message))
        }
    }

    /// Whether a message needs no waking: it goes with the next one of its stream.
    mutating func canWait(_ message: Raft.Message) -> Bool {
        messageStream != nil && acknowledged.isRepeated(by: message)
    }

    func stream(_ kind: PeerStreamKind) -> OutgoingStream? {
        switch kind {
        case .append: appendStream
        case .message: messageStream
        }
    }

    /// Sets or clears a stream. What waited for the one before is lost with it.
    ///
    /// - Returns: The stream before, and whether messages were lost.
    mutating func replace(
        _ kind: PeerStreamKind, with stream: OutgoingStream?
    ) -> (old: OutgoingStream?, lost: Bool) {
        switch kind {
        case .append:
            defer {
                appendStream = stream
                append.removeAll()
            }
            return (appendStream, !append.isEmpty)
        case .message:
            defer {
                messageStream = stream
                message.removeAll()
                acknowledged = AcknowledgedIndex()
            }
            return (messageStream, !message.isEmpty)
        }
    }

    /// Takes the next messages of a stream; nil when nothing waits, and then nobody awaits it.
    mutating func take(_ kind: PeerStreamKind, bytesMaximum: Int) -> [Raft.Message]? {
        switch kind {
        case .append: append.takeForStream(bytesMaximum: bytesMaximum)
        case .message: message.takeForStream(bytesMaximum: bytesMaximum)
        }
    }
}

extension MessageQueue {
    fileprivate mutating func takeForStream(bytesMaximum: Int) -> [Raft.Message]? {
        guard !isEmpty else {
            isAwaited = false
            return nil
        }
        return take(bytesMaximum: bytesMaximum)
    }

    /// Whether somebody must be sent for what waits; nobody is sent twice.
    mutating func needsWaking() -> Bool {
        guard !isEmpty, !isAwaited else { return false }
        isAwaited = true
        return true
    }
}
