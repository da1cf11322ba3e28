/// Why BoringSSL fails a handshake: the numbers of `SSL_R_...` that are translated.
struct BoringSSLReason: RawRepresentable, Hashable {
    let rawValue: Int

    init(rawValue: Int) {
        self.rawValue = rawValue
    }

    private init(_ rawValue: Int) {
        self.rawValue = rawValue
    }

    /// The alert that the other side has sent.
    var alert: Int? { rawValue >= 1000 ? rawValue - 1000 : nil }

    static let applicationDataInHandshake = Self(100)
    static let badChangeCipherSpec = Self(103)
    static let badCurvePoint = Self(108)
    static let badLength = Self(111)
    static let badSignature = Self(114)
    static let changeCipherSpecEarly = Self(124)
    static let certificateVerifyFailed = Self(125)
    static let clientHelloParseFailed = Self(131)
    static let clientHelloExtension = Self(132)
    static let dataLengthTooLong = Self(136)
    static let decodeError = Self(137)
    static let decryptionFailed = Self(138)
    static let decryptionFailedOrBadRecordMAC = Self(139)
    static let encryptedLengthTooLong = Self(146)
    static let errorParsingExtension = Self(149)
    static let excessiveMessageSize = Self(150)
    static let extraDataInMessage = Self(151)
    static let proxyRequest = Self(155)
    static let httpRequest = Self(156)
    static let inappropriateFallback = Self(157)
    static let missingExtension = Self(164)
    static let noCompressionSpecified = Self(178)
    static let noSharedCipher = Self(184)
    static let parseExtension = Self(190)
    static let peerDidNotReturnCertificate = Self(192)
    static let recordLengthMismatch = Self(199)
    static let recordTooLarge = Self(200)
    static let unexpectedMessage = Self(223)
    static let unexpectedRecord = Self(225)
    static let unsupportedProtocol = Self(240)
    static let wrongCurve = Self(243)
    static let wrongVersionNumber = Self(247)
    static let invalidOuterRecordType = Self(251)
    static let noCommonSignatureAlgorithms = Self(253)
    static let invalidCompressionList = Self(256)
    static let duplicateExtension = Self(257)
    static let missingKeyShare = Self(258)
    static let duplicateKeyShare = Self(264)
    static let noSharedGroup = Self(266)
}
