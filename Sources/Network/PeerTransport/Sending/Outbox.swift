import Raft

/// Bounded queue of messages to a member, oldest first.
struct MessageQueue: Sendable {
    private var messages: [Raft.Message] = []
    private var first = 0
    private var bytes = 0
    private let messagesMax: Int
    private let bytesMax: Int
    /// Whether a drain is scheduled, or waits for the channel to become writable.
    var isDrainPending = false

    init(messagesMax: Int, bytesMax: Int) {
        self.messagesMax = messagesMax
        self.bytesMax = bytesMax
    }

    var count: Int { messages.count - first }
    var isEmpty: Bool { count == 0 }

    /// Adds a message, unless a limit is reached. The first one always fits.
    mutating func offer(_ message: Raft.Message) -> Bool {
        let size = message.waitingBytes
        guard count < messagesMax, isEmpty || bytes + size <= bytesMax else {
            return false
        }
        messages.append(message)
        bytes += size
        return true
    }

    /// Removes and returns the oldest messages, at least one, up to about this many bytes.
    mutating func take(bytesMax: Int) -> [Raft.Message] {
        var taken = 0
        var end = first
        while end < messages.count, end == first || taken < bytesMax {
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

    /// Removes and returns the oldest message.
    mutating func next() -> Raft.Message? {
        isEmpty ? nil : take(bytesMax: 0).first
    }

    /// Removes all messages.
    mutating func removeAll() {
        messages = []
        first = 0
        bytes = 0
        isDrainPending = false
    }
}

extension Raft.Message {
    /// Approximate memory size of a queued message.
    fileprivate var waitingBytes: Int {
        entries.reduce(64 + context.count) { $0 + $1.sizeBytes }
    }
}

/// Queued messages for one member, in three queues, and the open streams.
///
/// As in etcd, MsgApp uses the append stream if it is open, all others use the message stream if it
/// is open, and the rest is posted. Protected by its peer's lock.
struct Outbox {
    /// The queues, by the way in which their messages are sent.
    enum PeerQueue {
        case append, message, post
    }

    var append: MessageQueue
    var message: MessageQueue
    var posts: MessageQueue
    /// The streams that the other member has opened.
    var appendStream: OutgoingStream?
    var messageStream: OutgoingStream?
    var isStopped = false
    /// State of the current message stream.
    private var acknowledged = AcknowledgedIndex()

    init(limits: PeerTransportLimits) {
        append = MessageQueue(
            messagesMax: limits.streamQueueMessagesMax, bytesMax: limits.streamQueueBytesMax)
        message = append
        posts = MessageQueue(
            messagesMax: limits.pipelineQueueMessagesMax, bytesMax: limits.streamQueueBytesMax)
    }

    func queue(of type: MessageType) -> PeerQueue {
        if type == .snapshot { return .post }
        if type == .append, appendStream != nil { return .append }
        return messageStream != nil ? .message : .post
    }

    /// Adds a message to the queue of its type.
    mutating func offer(_ message: Raft.Message) -> (queue: PeerQueue, isTaken: Bool) {
        let queue = queue(of: message.type)
        switch queue {
        case .append: return (queue, append.offer(message))
        case .message: return (queue, self.message.offer(message))
        case .post: return (queue, posts.offer(message))
        }
    }

    /// Whether a message needs no wake-up: it is sent with the next one of its stream.
    mutating func canWait(_ message: Raft.Message) -> Bool {
        messageStream != nil && acknowledged.isRepeated(by: message)
    }

    func stream(_ kind: PeerStreamKind) -> OutgoingStream? {
        switch kind {
        case .append: appendStream
        case .message: messageStream
        }
    }

    /// Sets or clears a stream. Messages queued for the previous one are lost.
    ///
    /// - Returns: The previous stream, and whether messages were lost.
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

    /// Removes and returns the next messages of a stream; nil if none are queued, which ends the
    /// drain.
    mutating func take(_ kind: PeerStreamKind, bytesMax: Int) -> [Raft.Message]? {
        switch kind {
        case .append: append.takeForStream(bytesMax: bytesMax)
        case .message: message.takeForStream(bytesMax: bytesMax)
        }
    }
}

extension MessageQueue {
    fileprivate mutating func takeForStream(bytesMax: Int) -> [Raft.Message]? {
        guard !isEmpty else {
            isDrainPending = false
            return nil
        }
        return take(bytesMax: bytesMax)
    }

    /// Marks a drain as pending if needed. Returns whether the caller must schedule it.
    mutating func markDrainPending() -> Bool {
        guard !isEmpty, !isDrainPending else { return false }
        isDrainPending = true
        return true
    }
}
