/// Keys made with OpenSSL through Python's cryptography, and tokens signed with them by PyJWT. For tests
/// only.
enum TokenVectors {
    /// The shared secret of HS256, HS384 and HS512.
    static let secret = "facts hmac secret"

    /// User alice at auth revision 7, until 2100.
    static let tokens: [(method: String, privateKey: String, publicKey: String, token: String)] = [
        (
            "RS256", rsa, rsaPublic,
            "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.a4weOWjcdrnka2vsOV_mcXuRfJr_pHn55ahjD46AtYAUuWB"
                + "rOF6EN8oT_eDWpK4jkR5pt1CpyjkvUVe8SxvMYHFb2V63ART-rsFRc2-vBqOorzU5lFczJxVQk7F"
                + "QHpq82YxWcFG1v_GLjJB61ZSkEDrAz2OKRFErkNumF5l2pH-kaaBLyriZ34F1aqgXaoV8UmMwOpT"
                + "5Llh_yReRAtJedH9RFEOmm7if8HJoAb4HEIKtiUdKkI9ofMtmXTlRVzH9TKc0CZvn_P0IElj58LW"
                + "DOm4s9GaKR9ikwfcfSQ2ep-EJuwt9yYeH6uYDcgwv7BYe62i5nrd9hJB9f4ol0Vl69g"
        ),
        (
            "RS384", rsa, rsaPublic,
            "eyJhbGciOiJSUzM4NCIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.aicDiCmN42NhLA7c3alwJ2vCi-fMCGb1HKBiec_2AhjvmEZ"
                + "Rtlv-74u5FI9NakXNybtrpAxK6yUUYR4uz2YQLCcqyhs-XnW4kkJewyUum-Fy6HZwTLOK6rd8mId"
                + "frZp0NcVtsDPnK2-_nH4KYK2_Nb60426xnnTQH1VqK9AMgvsPnqa9G_U1zNpimkiks726nlF2697"
                + "3jkEU7BLpayO7Vr6P63Lmx71DxnD0xqS7440WoTjhWDr7wiIGMcAXS1ji-EKP7W73Hw6DvDntKZr"
                + "vGvmrzDY6gIPRmoDJo86yeahbxhOfQ6hpmObYMtkvyaVJPxA8U6_UK-QzaEYA935qtw"
        ),
        (
            "RS512", rsa, rsaPublic,
            "eyJhbGciOiJSUzUxMiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.C-Kr_A4gcHy4H4flU6oZTLFGNySjfG7xQceAJF2XlUIur3v"
                + "HcG407BjRLw7rhMxa1S-prM6WxYXTZwaB3vDJz3ePpqwt933xMzFp5xyLk3qoLsMJQz68bpsu9dM"
                + "4cFn37Uj9naQaa13AuaJ5wti1iCjR1sN68CPIjlnNRUSTQ9aG793cEEZkSKei_Ty9H5BhDIH_wNa"
                + "bRd6aPBrAK-ssT2kKZjC1UmTWsdW8MuEuvl-2YA3Ws8l9H4nZEd4wBX1jMZLZooB-uvyqcyigk5n"
                + "aUD2lSRK9IxNvg6vHATRuxx_x52nPqIYu7YqD6TV2ebe6U7JZvuEOOKOr9j__fXZK3A"
        ),
        (
            "PS256", rsa, rsaPublic,
            "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.CvpSRwybAv4PsW6JCn6xVAZJLFYn3mbGdyuHnI37PGYn1Ip"
                + "ZHuZqaV2eo3P3rn4Hv9oXZn6RBiX9tOvVn6h43kcrePHed7KmFf_fSggqIUBtjnOdIH5D6I-se4r"
                + "xmPVOvBIwm0DE5nd1mIog0YDaZxs3Ehi8cxBtj4lkbI8rLIpSwzmifGDdFRUH-AarSrUjjUe7PnK"
                + "nS5Ze4D9kNr5eS4iDQ23mrxfGFT4PizCkgCvLOOVsvrD1KAx6wyLdtImTKlmA72-VlpDQzmzvv__"
                + "q_b8bzpnEmbHOQilS-lUFtSHFFD2MTyv7tIZ2pLHqHJ-jAkgp2Q19-pkoSPV2wYVpog"
        ),
        (
            "PS384", rsa, rsaPublic,
            "eyJhbGciOiJQUzM4NCIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.E1Okc91ec1WIo6GrmtNXUmz0e1Gop9bx1wjGrRLNR_Vt65m"
                + "iuuZ9PGcZ--4AQvhqRShlEeIa3v3Avl1teWVbrJOhIPfthdHi2uWwBL1DEPYLsD0etEgKzcDdcTG"
                + "dXIpI0-7mqYEOXqMD_Binqi7oovpwZ1NIotNamRI3y5-ZgZHXZeRv4pV_gwNTlfMDtSH8I4tN5fl"
                + "CZjY41RA1Fvc7OjbxpWHs00ByMo3U_TEvLFvI5VTPuMiFtsSRzyDezT9e6-Yt4256k0Ac_BIPo74"
                + "wiUZfSkhXDMoHwh8hHXHU8RVqJPFfwHoOK-O_uym8NHlmKyysvKgPMvXtQ-dQtKYYBg"
        ),
        (
            "PS512", rsa, rsaPublic,
            "eyJhbGciOiJQUzUxMiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.XeEKdMM_dEhXMEsEzaB9KoIerhfKrxNiLjIxJUpPM5LCewA"
                + "tTRIos2m_5u9mzcwzBHyUzMLl2qoP8hVmHL-KVrkovZP3zJWFyEJSK4bhEXYCMTr8hi3MUL2autl"
                + "pHIr4qp-nITHRDS_ZP49Qtny8x7dakuYyJ73v9IOydBE4PPxM5F_hbIXE2WAe8wmE2tSU0O9TKaS"
                + "H0eN3cDIDTZGJ5ZJja3cSKiruWh1800BRFkMCwP8UGqsg2SzcE3uK2F27X5SWZX4CtIt4mwUlvBZ"
                + "XOf778bQihiw6Lty-w1LhX1QR3_FWiud2EQgm7TU6HRbxVQsVgIYUWzIlCm-zTYi5Mw"
        ),
        (
            "ES256", p256, p256Public,
            "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.rTSlgKwF13RoAN9bwuhkXnG2PR9qljf5HYJH6x0gmsOkJEk"
                + "8E42310ty9RDZQMZvB1FYI_K3UI1cbVAuVMeUvA"
        ),
        (
            "ES384", p384, p384Public,
            "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.JflYtAH-XN1K3MmW27nWo7Wr-1fRbAZWgETyJlruV4An6Sl"
                + "NpIMB9YaViH6m78ea5M1M7DaSI_hZKrYJ0ZYF9C9MUUWS7ckE901kOSypIq13TXRNz7T68XljPpn"
                + "9dlhQ"
        ),
        (
            "ES512", p521, p521Public,
            "eyJhbGciOiJFUzUxMiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.ARjFYX6-mKarzMAyneKVA4oSYCbCude8h-ww3-DOsm7HJob"
                + "BQQEgCOzjXX4girMXI6cac9L09u-3P9gwEQAdMr3dAU-TZ9n3ocdxBtKDHbMNFiL6J2nAO6gu5cq"
                + "rtWinqvLVPdQhL8Hbq-a-0CQM-cT2IBT085XsDtFGfbfmolkLqkPC"
        ),
        (
            "HS256", secret, secret,
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.A7RrOD4meZbazOW41fwqJK2ptdg2X9izeo2td-Om1co"
        ),
        (
            "HS384", secret, secret,
            "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.f3WbotpXZJ6gBeMjViEuVDhpPdHfeqVO_X4zMs1ipWV5vjj"
                + "ouylt4pVPZtxmoPSC"
        ),
        (
            "HS512", secret, secret,
            "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.xS4b91EXwpMEn9-hjvRlUGVskznFKhfRDz5nPo11jE6JFg0"
                + "ZcSMzLB62xhKk-p9FtFroLhkZC7sZwLqoKteOLw"
        ),
        (
            "EdDSA", ed25519, ed25519Public,
            "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwicmV2aXNpb24"
                + "iOjcsImV4cCI6NDEwMjQ0NDgwMH0.cnT9Bnjy7l62nU0giK4bO_YFmkMKgbD799e_5qxaQj0DxJx"
                + "Gx6aH234_gYhfmnY1DPNlWhbwJy-yrZlOg8shBA"
        ),
    ]

    static let rsa = """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7J7Hm08yjMIXm
        3NYpIGkTpGOVjIyFl5WZJUpRa96gKLgeNQiS7fryLCPhew0TozD72WFyMYoqE+BO
        Fk8KkLK72B3UU4ne1loqnTSJV9AsJoYE4Xr7d9Lg9rZPXpfI65gZB1BicWkHdQTp
        qF0ywFzg+LrqvrJ6nuHKKbxE1xyETced3wMlpmvFDqtkqIosDvD1tJFrz6RimFH6
        H0kXBt6H9OBnUAg3N2jgnjnvSK4Kvoo1qgunheNET/Rl7LhgBl5Y+mdWcUUXOSnO
        KY3AJJHL70Tmmfnv8jukYrJRPV3zwzILwZNSb4rNTl9fHSqz/21NIWLJhX1XHJxo
        PcjIu+clAgMBAAECggEAAef8GGFE3s6iNoE+Tyns2A3fE8lcLwoltGscUCr8l/4C
        LhCVN0XkPe40KVpC/lW1rIMAypR1l0sfiDwS7wUdROuFFkIJj/L39SInxFRYIvL7
        f3Y6dfA4/iCVJ8bLXfkEUhDwgSgtjS1kcOrNlDRAXew6nyR1FemjXBdDuyHDwRcz
        PeGOgs3/s8totXeqUjlWB4UrPkpl1DmG/xrVLbEq92axsEj+5Nx1bkUl09WdUK3C
        F9/Wf2ptPkXOaxEOwDTfm+c/u+pTk9B82v8mWpolmuWyJEtcUeucL2/V8Clo7D/E
        L7hmKElcdYQQqAeAucXC/2cU1LfLd5dY1C6G9S0JwQKBgQDsjbaWQJC5zwq0Hg4y
        p0OpgIePTuNEKMbSVsX4GK/sLqBs5QRKxYomaF/C4Of7wSuf9A+Aew6HAEI0CQuG
        ShuW5Zu/SB/sK9+7pGZyY/Exah1c7B/9elL1CLOyUz+dtDNkKjHXqRt0kcsn3810
        jIfiecx2NonjKRSghcHfj9ZQhQKBgQDKimL0I5hH/y1ihGXhb9T2NNwtFTLl1fdh
        3VN0daxpNsBguXO/zNHGHwucdMzKuGIah25Ly6gBrbHTNDxaD+zEd9Wv2ucda2uV
        GLGFsMREj1fugIQbCImQ/j2Gm95FE8SQI6+ct4L5UuXoQ5zkpXVUTXPmUrHlM6nc
        O7UxoTdOIQKBgEwz+rW8ZuL0h4YuiHRY3bsk5IaN6zhxylrICU465bE39AYgYJmV
        uUNWLEMjIJhBSkRk4vmIqs1ij/EjWMsR5IFfxiSAn4f9Oj3AYCBJgdFhVcQxbLzD
        QyYcf4bauoubGVMTJKtMlsOek8tslUsOWlfi1LLgLts2yKZNcH8MXwXhAoGAEnQH
        Tf0MO8sJBIfRjHeW7JOmV8ktqPkUn+r9Vof+HFvrrSRYYmoz1pwvf6K4oeOotIgQ
        SYGVngmIQRjqQr5esQvGAU6tbeXCmIP2cJrJVwHEXiuBXcEqX3Z6fpAm8R4683L8
        5gdmPHcMEVxPqBlXFkY0QBDaumo5mKIsAQiSNGECgYEA11lOAKbV6QLQTrJHcMJY
        avJk1GkNvZweur3IrhFyleQnF7TaO+fj7YyYe84bVFsDQZD/yUI/sZK4+bsKyYj6
        PZ2zj2o0Ax9gmbmEgJD4yC3rX2kIW1r8ChF3bulVh9xa6jkJcJpVncvi23qVcgN1
        4ocCtqK1eLh753VcZqTIerM=
        -----END PRIVATE KEY-----
        """

    static let rsaPKCS1 = """
        -----BEGIN RSA PRIVATE KEY-----
        MIIEowIBAAKCAQEAuyex5tPMozCF5tzWKSBpE6RjlYyMhZeVmSVKUWveoCi4HjUI
        ku368iwj4XsNE6Mw+9lhcjGKKhPgThZPCpCyu9gd1FOJ3tZaKp00iVfQLCaGBOF6
        +3fS4Pa2T16XyOuYGQdQYnFpB3UE6ahdMsBc4Pi66r6yep7hyim8RNcchE3Hnd8D
        JaZrxQ6rZKiKLA7w9bSRa8+kYphR+h9JFwbeh/TgZ1AINzdo4J4570iuCr6KNaoL
        p4XjRE/0Zey4YAZeWPpnVnFFFzkpzimNwCSRy+9E5pn57/I7pGKyUT1d88MyC8GT
        Um+KzU5fXx0qs/9tTSFiyYV9VxycaD3IyLvnJQIDAQABAoIBAAHn/BhhRN7OojaB
        Pk8p7NgN3xPJXC8KJbRrHFAq/Jf+Ai4QlTdF5D3uNClaQv5VtayDAMqUdZdLH4g8
        Eu8FHUTrhRZCCY/y9/UiJ8RUWCLy+392OnXwOP4glSfGy135BFIQ8IEoLY0tZHDq
        zZQ0QF3sOp8kdRXpo1wXQ7shw8EXMz3hjoLN/7PLaLV3qlI5VgeFKz5KZdQ5hv8a
        1S2xKvdmsbBI/uTcdW5FJdPVnVCtwhff1n9qbT5FzmsRDsA035vnP7vqU5PQfNr/
        JlqaJZrlsiRLXFHrnC9v1fApaOw/xC+4ZihJXHWEEKgHgLnFwv9nFNS3y3eXWNQu
        hvUtCcECgYEA7I22lkCQuc8KtB4OMqdDqYCHj07jRCjG0lbF+Biv7C6gbOUESsWK
        JmhfwuDn+8Ern/QPgHsOhwBCNAkLhkobluWbv0gf7Cvfu6RmcmPxMWodXOwf/XpS
        9QizslM/nbQzZCox16kbdJHLJ9/NdIyH4nnMdjaJ4ykUoIXB34/WUIUCgYEAyopi
        9COYR/8tYoRl4W/U9jTcLRUy5dX3Yd1TdHWsaTbAYLlzv8zRxh8LnHTMyrhiGodu
        S8uoAa2x0zQ8Wg/sxHfVr9rnHWtrlRixhbDERI9X7oCEGwiJkP49hpveRRPEkCOv
        nLeC+VLl6EOc5KV1VE1z5lKx5TOp3Du1MaE3TiECgYBMM/q1vGbi9IeGLoh0WN27
        JOSGjes4ccpayAlOOuWxN/QGIGCZlblDVixDIyCYQUpEZOL5iKrNYo/xI1jLEeSB
        X8YkgJ+H/To9wGAgSYHRYVXEMWy8w0MmHH+G2rqLmxlTEySrTJbDnpPLbJVLDlpX
        4tSy4C7bNsimTXB/DF8F4QKBgBJ0B039DDvLCQSH0Yx3luyTplfJLaj5FJ/q/VaH
        /hxb660kWGJqM9acL3+iuKHjqLSIEEmBlZ4JiEEY6kK+XrELxgFOrW3lwpiD9nCa
        yVcBxF4rgV3BKl92en6QJvEeOvNy/OYHZjx3DBFcT6gZVxZGNEAQ2rpqOZiiLAEI
        kjRhAoGBANdZTgCm1ekC0E6yR3DCWGryZNRpDb2cHrq9yK4RcpXkJxe02jvn4+2M
        mHvOG1RbA0GQ/8lCP7GSuPm7CsmI+j2ds49qNAMfYJm5hICQ+Mgt619pCFta/AoR
        d27pVYfcWuo5CXCaVZ3L4tt6lXIDdeKHAraitXi4e+d1XGakyHqz
        -----END RSA PRIVATE KEY-----
        """

    static let rsaPublic = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuyex5tPMozCF5tzWKSBp
        E6RjlYyMhZeVmSVKUWveoCi4HjUIku368iwj4XsNE6Mw+9lhcjGKKhPgThZPCpCy
        u9gd1FOJ3tZaKp00iVfQLCaGBOF6+3fS4Pa2T16XyOuYGQdQYnFpB3UE6ahdMsBc
        4Pi66r6yep7hyim8RNcchE3Hnd8DJaZrxQ6rZKiKLA7w9bSRa8+kYphR+h9JFwbe
        h/TgZ1AINzdo4J4570iuCr6KNaoLp4XjRE/0Zey4YAZeWPpnVnFFFzkpzimNwCSR
        y+9E5pn57/I7pGKyUT1d88MyC8GTUm+KzU5fXx0qs/9tTSFiyYV9VxycaD3IyLvn
        JQIDAQAB
        -----END PUBLIC KEY-----
        """

    static let rsaPublicPKCS1 = """
        -----BEGIN RSA PUBLIC KEY-----
        MIIBCgKCAQEAuyex5tPMozCF5tzWKSBpE6RjlYyMhZeVmSVKUWveoCi4HjUIku36
        8iwj4XsNE6Mw+9lhcjGKKhPgThZPCpCyu9gd1FOJ3tZaKp00iVfQLCaGBOF6+3fS
        4Pa2T16XyOuYGQdQYnFpB3UE6ahdMsBc4Pi66r6yep7hyim8RNcchE3Hnd8DJaZr
        xQ6rZKiKLA7w9bSRa8+kYphR+h9JFwbeh/TgZ1AINzdo4J4570iuCr6KNaoLp4Xj
        RE/0Zey4YAZeWPpnVnFFFzkpzimNwCSRy+9E5pn57/I7pGKyUT1d88MyC8GTUm+K
        zU5fXx0qs/9tTSFiyYV9VxycaD3IyLvnJQIDAQAB
        -----END RSA PUBLIC KEY-----
        """

    static let rsaCertificate = """
        -----BEGIN CERTIFICATE-----
        MIICnTCCAYWgAwIBAgIBBzANBgkqhkiG9w0BAQsFADARMQ8wDQYDVQQDDAZ0b2tl
        bnMwIBcNMjAwMTAxMDAwMDAwWhgPMjA5OTAxMDEwMDAwMDBaMBExDzANBgNVBAMM
        BnRva2VuczCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBALsnsebTzKMw
        hebc1ikgaROkY5WMjIWXlZklSlFr3qAouB41CJLt+vIsI+F7DROjMPvZYXIxiioT
        4E4WTwqQsrvYHdRTid7WWiqdNIlX0CwmhgThevt30uD2tk9el8jrmBkHUGJxaQd1
        BOmoXTLAXOD4uuq+snqe4copvETXHIRNx53fAyWma8UOq2SoiiwO8PW0kWvPpGKY
        UfofSRcG3of04GdQCDc3aOCeOe9Irgq+ijWqC6eF40RP9GXsuGAGXlj6Z1ZxRRc5
        Kc4pjcAkkcvvROaZ+e/yO6RislE9XfPDMgvBk1Jvis1OX18dKrP/bU0hYsmFfVcc
        nGg9yMi75yUCAwEAATANBgkqhkiG9w0BAQsFAAOCAQEAGHOQhnfQHEEhYepIqVr7
        76xfkTHFWB2pXl8LlWr6AXSFAMlkbOmbYImQ9ZXSa6UVi+I1S4XPknlUgYIy1z9d
        wvoXXKaTpGC3mEZbBBW4d6CqEceQwN/KPK7pZKiLn2QfIN8XozL/sptubNQVzgpy
        ygwf7c2i5g4RwvXzvMED/fQMR6Gnk3BRnVie+16LXEz0NdwwxCQjfipDr3Jux2oc
        3iDswADdmchg+tPOf29vVqDKkFhW6AKomt0NJJyhMcQVQpLkdwH7s7vnwHxgKMCQ
        P741gkHR3/3Om8eHyR3QPzrCskFWF+kH4aXATQLSqKvwJnTD3l9Vxf74Ogsh5Ps8
        XQ==
        -----END CERTIFICATE-----
        """

    static let rsa1024 = """
        -----BEGIN PRIVATE KEY-----
        MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBALM4iOroX7k/GLaG
        Q5pl1Oyf8C712b6m/2cPChLAuMU44POLtl/0RV412D7qdthBYVqEXHkMrQE6xtsL
        JGQ5pGZtQ8LuVyI2FGacuNNsTM/CkBILMYfq986rG/uFgc1Y1XhjdYTZteiyXbI/
        1Y12TMxmrZl4h5AZ6eeRBXIzKLcjAgMBAAECgYEAqKupeGOwS1jNumKMV1BFX1l7
        I8cv4dWrg2PNGC8W9k58r9mqj44Ghw7n8PabWRXXOOhfW3GJlSGrK1XGLylsxYIK
        1DyMbSryy/0tHS1Vw3A53I+z0kcP1HUCorMsGgYLqNtQ4ai252Ve8et4QsjuJt1p
        kadFvLkXNh+ZgKwqMDkCQQDaD4Rd1Abw9BBQT7bCOgIJ23uXPbXr6To7/7lNe6WU
        6ehqU/52oZ08T2qBwBjo/SqdEuJGY5mecW7gpwtvOLJ/AkEA0mcVPYcryqxzXmxl
        0L+NqqNX2jlM08ut9/xjVR65wVCgxCrQXQrF5GAOh66jM/vaxIbGtx8egrnZfPly
        ebKhXQJAY6mN5NhgJ8ZUonAcZl7eyaSPswsYV28sF3oENh6aChpyCA7FkXDCDWt6
        kTy75di3njygQG2LK3hKpdCTEE1IfwJABiksjwupNZsNGcO0y4MAY/G6fdJVtJHv
        OyaxxelLaSSyQGw8g6zwFHrXkhOEBd6nDkAgC3amzw8gFi+7sWKQpQJBAJcEBmaK
        /98sABcupYL8eMNBhacJj5xJM/O3GyiYHTrMcZeM+6kjsnKztutJBK/cLZkds6KM
        UEu1EQzaZPL0MfE=
        -----END PRIVATE KEY-----
        """

    static let rsa1024Public = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCzOIjq6F+5Pxi2hkOaZdTsn/Au
        9dm+pv9nDwoSwLjFOODzi7Zf9EVeNdg+6nbYQWFahFx5DK0BOsbbCyRkOaRmbUPC
        7lciNhRmnLjTbEzPwpASCzGH6vfOqxv7hYHNWNV4Y3WE2bXosl2yP9WNdkzMZq2Z
        eIeQGennkQVyMyi3IwIDAQAB
        -----END PUBLIC KEY-----
        """

    static let ed25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIMQ88heys2oI1JZsO5woL44fxhLZxTxlHaUfUVjXhpBC
        -----END PRIVATE KEY-----
        """

    static let ed25519Public = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEA/Lp9qMwRJVCXX6eLP052WJUtRdSYY+V0RUcBB2iLriw=
        -----END PUBLIC KEY-----
        """

    static let p256 = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgx1zy0000XIMs9rVb
        PHUxPv2U0DdXEsaBFDdm3H2b49WhRANCAAT5VymNA+Afkfq2E4gnFr3TH1/+hzty
        ZtdosVkioEEIqvXbzYe0G77j7DYM6Jsq6Mgy3UIJ/viqHUcppGaNrDUd
        -----END PRIVATE KEY-----
        """

    static let p256Public = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+VcpjQPgH5H6thOIJxa90x9f/oc7
        cmbXaLFZIqBBCKr1282HtBu+4+w2DOibKujIMt1CCf74qh1HKaRmjaw1HQ==
        -----END PUBLIC KEY-----
        """

    static let p384 = """
        -----BEGIN PRIVATE KEY-----
        MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDB6gd4aIicfvBG/pmnM
        QjaEjtLNff9WiEWEziONeWAXvrsys0XTnq2aZGyP58X0REyhZANiAAQvAdxCTJiP
        P9F4JyDy6tb/6WZ5d6nRi57ajam9KSyU04UGX4VUyvrYohspsXwY2lwFI71sI18r
        DIBjugdSPKdSUiLjDmULtBFny7u4ahC2svUgKGboGGPQIih6OHOZc0A=
        -----END PRIVATE KEY-----
        """

    static let p384Public = """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAELwHcQkyYjz/ReCcg8urW/+lmeXep0Yue
        2o2pvSkslNOFBl+FVMr62KIbKbF8GNpcBSO9bCNfKwyAY7oHUjynUlIi4w5lC7QR
        Z8u7uGoQtrL1IChm6Bhj0CIoejhzmXNA
        -----END PUBLIC KEY-----
        """

    static let p521 = """
        -----BEGIN PRIVATE KEY-----
        MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIBWmDkaMDpICVQx3su
        O+tSCX8uQ9YdF0be7bo5OVKVV6MrpMIcJaIrkVsgLE4GlBdbem9rrizskMdNZFMC
        WcuxnnGhgYkDgYYABAGNTKsjeHLHsDZuscvHJmrY/6PSBQKDOT7aNFRn+awReqY1
        zs1CLQSk8afiLQS0WFFu/CGglmvMhQ5jLawemytfWADyH0r2T7GEVC/WtoT0RD3k
        YmZ7dD4W5g4co9R5N4zhg1Lueyqpi5vieFAOGQ2aGcH4Q44XP0ATHeERQlHSD3JT
        Bg==
        -----END PRIVATE KEY-----
        """

    static let p521Public = """
        -----BEGIN PUBLIC KEY-----
        MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBjUyrI3hyx7A2brHLxyZq2P+j0gUC
        gzk+2jRUZ/msEXqmNc7NQi0EpPGn4i0EtFhRbvwhoJZrzIUOYy2sHpsrX1gA8h9K
        9k+xhFQv1raE9EQ95GJme3Q+FuYOHKPUeTeM4YNS7nsqqYub4nhQDhkNmhnB+EOO
        Fz9AEx3hEUJR0g9yUwY=
        -----END PUBLIC KEY-----
        """

    static let p224 = """
        -----BEGIN PRIVATE KEY-----
        MHgCAQAwEAYHKoZIzj0CAQYFK4EEACEEYTBfAgEBBBzwY915aWnKi1/UiOZbC9rW
        cNplstqg/9OAFyrMoTwDOgAENQUzU2dHEDorU6o9Ct8WOi4T02lw3LWpLyNtosCt
        Rt7OVgbI2nCWulkiqmn+k0zgetvuajSyO8s=
        -----END PRIVATE KEY-----
        """

    static let p224Public = """
        -----BEGIN PUBLIC KEY-----
        ME4wEAYHKoZIzj0CAQYFK4EEACEDOgAENQUzU2dHEDorU6o9Ct8WOi4T02lw3LWp
        LyNtosCtRt7OVgbI2nCWulkiqmn+k0zgetvuajSyO8s=
        -----END PUBLIC KEY-----
        """

    static let p256SEC1 = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIMdc8tNNNFyDLPa1Wzx1MT79lNA3VxLGgRQ3Ztx9m+PVoAoGCCqGSM49
        AwEHoUQDQgAE+VcpjQPgH5H6thOIJxa90x9f/oc7cmbXaLFZIqBBCKr1282HtBu+
        4+w2DOibKujIMt1CCf74qh1HKaRmjaw1HQ==
        -----END EC PRIVATE KEY-----
        """

    static let p256Certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBDzCBt6ADAgECAgEHMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBnRva2VuczAg
        Fw0yMDAxMDEwMDAwMDBaGA8yMDk5MDEwMTAwMDAwMFowETEPMA0GA1UEAwwGdG9r
        ZW5zMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+VcpjQPgH5H6thOIJxa90x9f
        /oc7cmbXaLFZIqBBCKr1282HtBu+4+w2DOibKujIMt1CCf74qh1HKaRmjaw1HTAK
        BggqhkjOPQQDAgNHADBEAiACmAgpd1eO+lQ2koZb60ylWI4pzrk2f9Yy2pDrmwl4
        2gIgOF1QeX1273bFziDvrV8al2/tnJKdcPIpl9p2I70MT3s=
        -----END CERTIFICATE-----
        """
}
