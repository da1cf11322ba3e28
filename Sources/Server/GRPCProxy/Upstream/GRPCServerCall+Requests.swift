import EtcdAPI
import GRPC

extension GRPCServerCall {
    /// The decoded request; refuses the call, with grpc-go's text, if it is malformed.
    func decoded<Request>(
        _ message: [UInt8], _ decode: ([UInt8]) throws(WireError) -> Request
    ) -> Request? {
        do throws(WireError) {
            return try decode(message)
        } catch {
            refuseRequest(
                GRPCStatus(
                    .internal,
                    "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data"
                ))
            return nil
        }
    }

    /// The decoded message of a stream; ends the call, with grpc-go's text, if it is malformed.
    func decodedMessage<Message>(
        _ bytes: [UInt8], _ decode: ([UInt8]) throws(WireError) -> Message
    ) -> Message? {
        do throws(WireError) {
            return try decode(bytes)
        } catch {
            finish(
                GRPCStatus(
                    .internal,
                    "grpc: failed to unmarshal the received message: "
                        + "proto: cannot parse invalid wire-format data"))
            return nil
        }
    }

    /// Whether `check` passes; ends the call with its error otherwise.
    func isAccepted(_ check: () throws(EtcdError) -> Void) -> Bool {
        do throws(EtcdError) {
            try check()
            return true
        } catch {
            finish(GRPCStatus(error))
            return false
        }
    }

    /// Does `body` when the client ends the call, besides what is done already.
    func whenClosed(_ body: @escaping () -> Void) {
        guard !isClosed else { return }
        let former = onClosed
        onClosed = { reason in
            former?(reason)
            body()
        }
    }

    /// A response without the namespace in its keys; ends the call if it is malformed.
    func without(
        _ namespace: Namespace, _ response: [UInt8], _ shape: ResponseShape
    ) -> [UInt8]? {
        do throws(WireError) {
            return try namespace.removed(from: response, shape)
        } catch {
            finish(GRPCStatus(.internal, "grpc: failed to unmarshal the response of the member"))
            return nil
        }
    }
}

extension GRPCStatus {
    /// The status with the code and message of an etcd error.
    init(_ error: EtcdError) {
        self.init(error.code, error.message)
    }
}
