import EtcdAPI
import Testing

@testable import Credentials

@Suite("bcrypt as etcd's")
struct BcryptTests {
    /// Passwords, and the texts that etcd 3.7.1 has stored for them.
    private static let recorded = [
        ("a", "$2a$04$Wu0f16nSgxJkZC71K/ZWOe8QrOT1nceki3EDv0AYKW4bCQybZewam"),
        ("rootpw", "$2a$04$lHulmuKAM5brqzoajnHCy.JLDaS4sO3PkryXIiyvcfjos9GLLW10G"),
        (
            String(repeating: "p", count: 72),
            "$2a$04$A0NVpV1bGpmoduxFGSMQrOtgRF59GAi93r1ntrOvJ6rLTN/K5eLtS"
        ),
        (
            String(repeating: "0123456789", count: 7) + "ab",
            "$2a$04$RE/u7NCdqEIvRd5NE/LKAuJ8ClOOla4Ssm7ldm2eoD1TvvZ8kI6L2"
        ),
        ("ü中😀", "$2a$04$/IwkAszkjFbbLW1tRJGLMu5IsbYlKpYa8ArcfX2s/hagezqdfbSuu"),
        ("\u{7f}\u{1} tab\t", "$2a$04$9EYM/jLqL5Y7UeMWw0MaP.IfihhmJXaNb9rFhn89/wjq.qrnGpRgq"),
        ("ÿ££ÿÿÿÿÿÿÿÿÿÿ", "$2a$04$aoCszW.55yHcMGsmCPkJBOToyl2FPvyAGQy2yTw3VFZiMw.e13A1a"),
        (
            "with space and \"quotes\"",
            "$2a$05$dwNuxz3LNNluYVZSVeIkduy8poUH1dpqttqIA0J3jukKoFqqP/4xe"
        ),
        (
            String(repeating: "é", count: 36),
            "$2a$06$ztWVpy5XTXwQrQj9n34ui.gXd4nqK/ByCIDBni30wlMO5CM0mxhiO"
        ),
        ("cost ten", "$2a$10$RzC/sk1Z4iVDIAdwBXAjCO.m88.ROd4x0Rfplyiz8sjN.td8xuH.S"),
    ]

    @Test(arguments: recorded)
    func passwordFitsTheTextOfEtcd(password: String, text: String) throws {
        let stored = try #require(BcryptHash(Array(text.utf8)))
        #expect(Bcrypt.matches(Array(password.utf8), stored))
        #expect(!Bcrypt.matches(Array(password.utf8.dropLast()), stored))
        #expect(!Bcrypt.matches([], stored))
    }

    @Test func bytesAfterTheSeventySecondDoNotCount() throws {
        let text = Self.recorded[2].1
        let stored = try #require(BcryptHash(Array(text.utf8)))
        #expect(Bcrypt.matches(Array(repeating: UInt8(ascii: "p"), count: 73), stored))
        #expect(Bcrypt.matches(Array(repeating: UInt8(ascii: "p"), count: 10_000), stored))
        #expect(!Bcrypt.matches(Array(repeating: UInt8(ascii: "p"), count: 71), stored))
    }

    @Test(arguments: ["2a", "2b", "2y", "2x", "2"])
    func letterOfTheVersionDoesNotMatter(version: String) throws {
        let text = "$\(version)" + Self.recorded[1].1.dropFirst(3)
        let stored = try #require(BcryptHash(Array(text.utf8)))
        #expect(Bcrypt.matches(Array("rootpw".utf8), stored))
    }

    @Test(arguments: ["", "a", "päss wörd", String(repeating: "z", count: 72)])
    func ownTextHasEtcdsForm(password: String) throws {
        let bytes = Array(password.utf8)
        let text = try #require(Bcrypt.text(of: bytes, cost: 4))
        #expect(text.count == 60)
        #expect(text.starts(with: "$2a$04$".utf8))
        #expect(Bcrypt.matches(bytes, try #require(BcryptHash(text))))
        #expect(Bcrypt.text(of: bytes, cost: 4) != text, "each text has a salt of its own")
    }

    @Test(arguments: [
        "", "$", "$2a$04$", "plain", "$2a$04$lHulmuKAM5brqzoajnHCy.JLDaS4sO3PkryXIiyvcfjos9GLLW10",
        "$2a$03$lHulmuKAM5brqzoajnHCy.JLDaS4sO3PkryXIiyvcfjos9GLLW10G",
        "$2a$32$lHulmuKAM5brqzoajnHCy.JLDaS4sO3PkryXIiyvcfjos9GLLW10G",
        "$2a$+4$lHulmuKAM5brqzoajnHCy.JLDaS4sO3PkryXIiyvcfjos9GLLW10G",
        "$3a$04$lHulmuKAM5brqzoajnHCy.JLDaS4sO3PkryXIiyvcfjos9GLLW10G",
        "$2ab04$lHulmuKAM5brqzoajnHCy.JLDaS4sO3PkryXIiyvcfjos9GLLW10G",
        "$6$rounds=5000$saltsaltsaltsalt$abcdefghijklmnopqrstuvwxyzabcdefghijklmnop",
    ])
    func otherTextFitsNoPassword(text: String) {
        #expect(BcryptHash(Array(text.utf8)) == nil)
    }

    @Test func saltThatIsNotBase64FitsNoPassword() throws {
        let text = "$2a$04$lHulmuKAM5brqzoajnHC!.JLDaS4sO3PkryXIiyvcfjos9GLLW10G"
        let stored = try #require(BcryptHash(Array(text.utf8)))
        #expect(!Bcrypt.matches(Array("rootpw".utf8), stored))
    }

    @Test func passwordThatIsTooLongHasTheErrorOfGo() throws {
        try PasswordHashing.check(String(repeating: "p", count: 72))
        #expect(throws: EtcdError.passwordTooLong) {
            try PasswordHashing.check(String(repeating: "é", count: 37))
        }
        #expect(throws: EtcdError.passwordInvalid) { try PasswordHashing.check("a\0b") }
    }
}
