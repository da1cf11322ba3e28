/// A name server's response to a query for SRV records.
package struct DNSResponse: Equatable, Sendable {
    /// Response code (RFC 1035, section 4.1.1).
    package enum Code: Equatable, Sendable {
        case success
        case nameDoesNotExist
        case failure(UInt8)
    }

    package let code: Code
    /// Whether the response did not fit a datagram; TCP returns it completely.
    package let isTruncated: Bool
    package let records: [ServiceRecord]

    /// Decodes a response to `question`; nil for any other bytes.
    package init?(decoding bytes: [UInt8], to question: DNSQuestion) {
        var reader = DNSReader(bytes)
        guard let id = reader.word(), id == question.id, let flags = reader.word(),
            flags & 0x8000 != 0, let questionCount = reader.word(), let recordCount = reader.word(),
            reader.skip(4)
        else { return nil }
        isTruncated = flags & 0x0200 != 0
        code =
            switch UInt8(flags & 0x000F) {
            case 0: .success
            case 3: .nameDoesNotExist
            case let code: .failure(code)
            }
        guard Self.repeats(question, questionCount, &reader) else { return nil }
        var records: [ServiceRecord] = []
        for _ in 0..<recordCount {
            guard let record = Self.record(&reader) else {
                // A datagram may end inside a record that did not fit.
                if isTruncated { break }
                return nil
            }
            if let service = record { records.append(service) }
        }
        self.records = records
    }

    /// A response repeats its question; otherwise it belongs to another query.
    private static func repeats(
        _ question: DNSQuestion, _ count: UInt16, _ reader: inout DNSReader
    ) -> Bool {
        guard count == 1, let name = reader.name(), let type = reader.word(),
            let klass = reader.word()
        else { return false }
        return name.lowercased() == question.name.lowercased() + "."
            && type == DNSQuestion.serviceType && klass == DNSQuestion.internetClass
    }

    /// The next record; an inner nil for one of another type, such as a CNAME.
    private static func record(_ reader: inout DNSReader) -> ServiceRecord?? {
        guard reader.name() != nil, let type = reader.word(), let klass = reader.word(),
            reader.skip(4), let length = reader.word()
        else { return nil }
        guard type == DNSQuestion.serviceType, klass == DNSQuestion.internetClass else {
            return reader.skip(Int(length)) ? .some(nil) : nil
        }
        let end = reader.offset + Int(length)
        guard let priority = reader.word(), let weight = reader.word(), let port = reader.word(),
            let target = reader.name(), reader.offset == end
        else { return nil }
        return ServiceRecord(priority: priority, weight: weight, port: port, target: target)
    }
}
