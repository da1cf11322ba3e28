internal import CNGHTTP2
internal import NIOCore

/// The nghttp2 callbacks, shared by all sessions. Each calls the `HTTP2Connection` that owns the
/// session.
enum SessionCallbacks {
    /// The callback table of every session. nghttp2 only reads it.
    nonisolated(unsafe) static let table: OpaquePointer? = makeTable()

    private static func makeTable() -> OpaquePointer? {
        var table: OpaquePointer?
        guard nghttp2_session_callbacks_new(&table) == 0 else { return nil }
        nghttp2_session_callbacks_set_on_begin_headers_callback(table, onBeginHeaders)
        nghttp2_session_callbacks_set_on_header_callback2(table, onHeader)
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, onDataChunk)
        nghttp2_session_callbacks_set_on_frame_recv_callback(table, onFrame)
        nghttp2_session_callbacks_set_on_frame_not_send_callback(table, onFrameNotSent)
        nghttp2_session_callbacks_set_on_stream_close_callback(table, onStreamClose)
        nghttp2_session_callbacks_set_send_callback(table, onSend)
        nghttp2_session_callbacks_set_send_data_callback(table, onSendData)
        return table
    }

    static let readData: nghttp2_data_source_read_callback = {
        _, _, _, length, flags, source, _ in
        guard let pointer = source?.pointee.ptr, let flags else {
            return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
        }
        return Unmanaged<HTTP2Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef { stream in
            stream.connection.provideData(stream, limit: length, flags: flags)
        }
    }
}

/// Calls `body` with the connection of a callback's user data, or returns `missing`.
///
/// The session only runs while its connection is retained, so no reference is counted here.
@inline(__always)
private func withConnection<Result>(
    _ userData: UnsafeMutableRawPointer?, missing: Result, _ body: (HTTP2Connection) -> Result
) -> Result {
    guard let userData else { return missing }
    return Unmanaged<HTTP2Connection>.fromOpaque(userData)._withUnsafeGuaranteedRef(body)
}

@inline(__always)
private func reference(_ session: OpaquePointer?, _ id: Int32) -> Unmanaged<HTTP2Stream>? {
    nghttp2_session_get_stream_user_data(session, id).map { Unmanaged.fromOpaque($0) }
}

@inline(__always)
private func stream(_ session: OpaquePointer?, _ id: Int32) -> HTTP2Stream? {
    reference(session, id)?.takeUnretainedValue()
}

private let failure = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue

private let onBeginHeaders: nghttp2_on_begin_headers_callback = { session, frame, userData in
    guard let frame else { return failure }
    return withConnection(userData, missing: failure) { connection in
        let id = frame.pointee.headers.hd.stream_id
        if frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
            let result = connection.beginStream(id)
            guard result == 0 else { return result }
        }
        // No other block starts before this one is complete; it may arrive in several reads.
        connection.headersStream = reference(session, id)
        return 0
    }
}

private let onHeader: nghttp2_on_header_callback2 = { _, _, name, value, _, userData in
    withConnection(userData, missing: failure) { connection in
        guard let name, let value else { return failure }
        guard let stream = connection.headersStream else { return 0 }
        stream._withUnsafeGuaranteedRef { stream in
            connection.receiveHeader(stream, name, value)
        }
        return 0
    }
}

private let onDataChunk: nghttp2_on_data_chunk_recv_callback = {
    session, _, id, bytes, count, userData in
    withConnection(userData, missing: failure) { connection in
        let data = UnsafeRawBufferPointer(start: bytes, count: count)
        connection.receiveData(stream(session, id), id, data)
        return 0
    }
}

private let onFrame: nghttp2_on_frame_recv_callback = { session, frame, userData in
    guard let frame else { return failure }
    return withConnection(userData, missing: failure) { connection in
        let header = frame.pointee.hd
        let endsStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue:
            connection.headersStream = nil
            guard let stream = stream(session, header.stream_id) else { return 0 }
            connection.receiveHeaders(stream, endOfStream: endsStream)
        case NGHTTP2_DATA.rawValue:
            guard endsStream, let stream = stream(session, header.stream_id) else { return 0 }
            connection.receiveEnd(stream)
        case NGHTTP2_PING.rawValue:
            let isAcknowledgement = header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
            connection.receivePing(isAcknowledgement: isAcknowledgement)
        case NGHTTP2_GOAWAY.rawValue:
            connection.receiveGoAway()
        case NGHTTP2_SETTINGS.rawValue:
            guard header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 else { return 0 }
            connection.delegate?.connectionReceivedSettings(connection)
        default:
            break
        }
        return 0
    }
}

private let onFrameNotSent: nghttp2_on_frame_not_send_callback = { _, frame, _, userData in
    guard let frame else { return failure }
    return withConnection(userData, missing: failure) { connection in
        let header = frame.pointee.hd
        if UInt32(header.type) == NGHTTP2_HEADERS.rawValue {
            connection.headersNotSent(header.stream_id)
        }
        return 0
    }
}

private let onStreamClose: nghttp2_on_stream_close_callback = { session, id, code, userData in
    withConnection(userData, missing: failure) { connection in
        guard let closed = reference(session, id) else {
            connection.countReset(HTTP2ErrorCode(rawValue: code))
            return 0
        }
        if connection.headersStream?.toOpaque() == closed.toOpaque() {
            connection.headersStream = nil
        }
        connection.closeStream(
            closed.takeUnretainedValue(), HTTP2ErrorCode(rawValue: code), connectionLost: false)
        return 0
    }
}

private let onSend: nghttp2_send_callback = { _, bytes, count, _, userData in
    withConnection(userData, missing: Int(failure)) { connection in
        guard connection.hasOutputCapacity else { return Int(NGHTTP2_ERR_WOULDBLOCK.rawValue) }
        connection.appendOutput(UnsafeRawBufferPointer(start: bytes, count: count))
        return count
    }
}

private let onSendData: nghttp2_send_data_callback = {
    _, frame, header, count, source, userData in
    guard let pointer = source?.pointee.ptr else { return failure }
    return withConnection(userData, missing: failure) { connection in
        guard connection.hasOutputCapacity else { return NGHTTP2_ERR_WOULDBLOCK.rawValue }
        let header = UnsafeRawBufferPointer(start: header, count: 9)
        Unmanaged<HTTP2Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef { stream in
            connection.appendData(stream, header, count)
        }
        return 0
    }
}
