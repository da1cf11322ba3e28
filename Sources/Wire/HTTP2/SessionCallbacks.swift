internal import CNGHTTP2
internal import NIOCore

/// The callbacks nghttp2 makes, shared by all sessions: each turns the C arguments into a call of
/// the `HTTP2Connection` that owns the session.
enum SessionCallbacks {
    /// The table handed to every new session. nghttp2 only reads it.
    nonisolated(unsafe) static let table: OpaquePointer? = makeTable()

    private static func makeTable() -> OpaquePointer? {
        var table: OpaquePointer?
        guard nghttp2_session_callbacks_new(&table) == 0 else { return nil }
        nghttp2_session_callbacks_set_on_begin_headers_callback(table, onBeginHeaders)
        nghttp2_session_callbacks_set_on_header_callback(table, onHeader)
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
        let stream = Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
        return stream.connection.provideData(stream, limit: length, flags: flags)
    }
}

/// The connection a callback's user data stands for.
@inline(__always)
private func connection(_ userData: UnsafeMutableRawPointer?) -> HTTP2Connection? {
    guard let userData else { return nil }
    return Unmanaged<HTTP2Connection>.fromOpaque(userData).takeUnretainedValue()
}

@inline(__always)
private func stream(_ session: OpaquePointer?, _ id: Int32) -> HTTP2Stream? {
    guard let data = nghttp2_session_get_stream_user_data(session, id) else { return nil }
    return Unmanaged<HTTP2Stream>.fromOpaque(data).takeUnretainedValue()
}

private let failure = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue

private let onBeginHeaders: nghttp2_on_begin_headers_callback = { _, frame, userData in
    guard let connection = connection(userData), let frame else { return failure }
    guard frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST else { return 0 }
    return connection.beginStream(frame.pointee.hd.stream_id)
}

private let onHeader: nghttp2_on_header_callback = {
    session, frame, name, nameCount, value, valueCount, _, userData in
    guard let frame, let stream = stream(session, frame.pointee.hd.stream_id) else { return 0 }
    let nameBytes = UnsafeRawBufferPointer(start: name, count: nameCount)
    let valueBytes = UnsafeRawBufferPointer(start: value, count: valueCount)
    let isAccepted = stream.connection.receiveHeader(stream, nameBytes, valueBytes)
    return isAccepted ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
}

private let onDataChunk: nghttp2_on_data_chunk_recv_callback = {
    session, _, id, bytes, count, userData in
    guard let connection = connection(userData) else { return failure }
    let data = UnsafeRawBufferPointer(start: bytes, count: count)
    connection.receiveData(stream(session, id), id, data)
    return 0
}

private let onFrame: nghttp2_on_frame_recv_callback = { session, frame, userData in
    guard let connection = connection(userData), let frame else { return failure }
    let header = frame.pointee.hd
    let endsStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue:
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
    default:
        break
    }
    return 0
}

private let onFrameNotSent: nghttp2_on_frame_not_send_callback = { _, frame, _, userData in
    guard let connection = connection(userData), let frame else { return failure }
    let header = frame.pointee.hd
    if UInt32(header.type) == NGHTTP2_HEADERS.rawValue {
        connection.headersNotSent(header.stream_id)
    }
    return 0
}

private let onStreamClose: nghttp2_on_stream_close_callback = { session, id, code, userData in
    guard let connection = connection(userData) else { return failure }
    if let stream = stream(session, id) {
        connection.closeStream(stream, HTTP2ErrorCode(rawValue: code), connectionLost: false)
    }
    return 0
}

private let onSend: nghttp2_send_callback = { _, bytes, count, _, userData in
    guard let connection = connection(userData) else { return Int(failure) }
    guard connection.hasOutputRoom else { return Int(NGHTTP2_ERR_WOULDBLOCK.rawValue) }
    connection.appendOutput(UnsafeRawBufferPointer(start: bytes, count: count))
    return count
}

private let onSendData: nghttp2_send_data_callback = {
    _, frame, header, count, source, userData in
    guard let connection = connection(userData), let pointer = source?.pointee.ptr else {
        return failure
    }
    guard connection.hasOutputRoom else { return NGHTTP2_ERR_WOULDBLOCK.rawValue }
    let stream = Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
    connection.appendData(stream, UnsafeRawBufferPointer(start: header, count: 9), count)
    return 0
}
