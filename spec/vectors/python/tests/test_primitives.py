"""RFC 8439 and RFC 7748 vectors."""

import unittest

from phs.chacha import aead_open, aead_seal, block, encrypt, keystream, poly1305
from phs.x25519 import BASE, public_key, x25519

KEY = bytes(range(32))
SUNSCREEN = (b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for "
             b"the future, sunscreen would be it.")


class ChaCha(unittest.TestCase):
    def test_block(self):                       # RFC 8439, 2.3.2
        out = block(KEY, bytes.fromhex("01000000000000090000004a00000000"), 20)
        self.assertEqual(out.hex(), "10f1e7e4d13b5915500fdd1fa32071c4"
                                    "c7d1f4c733c068030422aa9ac3d46c4e"
                                    "d2826446079faa0914c2d705d98b02a2"
                                    "b5129cd1de164eb9cbd083e8a2503c4e")

    def test_chacha8(self):                     # all zero; estream-style test vector
        self.assertEqual(block(bytes(32), bytes(16), 8)[:16].hex(),
                         "3e00ef2f895f40d67f5bb8e81f09a5a1")

    def test_encrypt(self):                     # RFC 8439, 2.4.2
        out = encrypt(KEY, bytes.fromhex("000000000000004a00000000"), SUNSCREEN, 1)
        self.assertEqual(out[:16].hex(), "6e2e359a2568f98041ba0728dd0d6981")
        self.assertEqual(out[-10:].hex(), "b40b8eedf2785e42874d")

    def test_many_blocks(self):
        nonce = bytes(range(12))
        one = b"".join(block(KEY, i.to_bytes(4, "little") + nonce, 20) for i in range(600))
        self.assertEqual(keystream(KEY, nonce, 600 * 64), one)
        for n in (1, 64, 65, 1000, 16385):
            self.assertEqual(keystream(KEY, nonce, n)[:n], one[:n])

    def test_poly1305(self):                    # RFC 8439, 2.5.2
        key = bytes.fromhex("85d6be7857556d337f4452fe42d506a8"
                            "0103808afb0db2fd4abff6af4149f51b")
        self.assertEqual(poly1305(key, b"Cryptographic Forum Research Group").hex(),
                         "a8061dc1305136c6c22b8baf0c0127a9")

    def test_aead(self):                        # RFC 8439, 2.8.2
        key = bytes(range(0x80, 0xa0))
        nonce = bytes.fromhex("070000004041424344454647")
        aad = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
        sealed = aead_seal(key, nonce, aad, SUNSCREEN)
        self.assertEqual(sealed[:16].hex(), "d31a8d34648e60db7b86afbc53ef7ec2")
        self.assertEqual(sealed[-16:].hex(), "1ae10b594f09e26a7e902ecbd0600691")
        self.assertEqual(aead_open(key, nonce, aad, sealed), SUNSCREEN)
        self.assertIsNone(aead_open(key, nonce, aad, sealed[:-1] + b"\0"))


class Curve(unittest.TestCase):
    def test_function(self):                    # RFC 7748, 5.2
        for secret, public, shared in (
                ("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                 "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                 "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"),
                ("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                 "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                 "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957")):
            self.assertEqual(x25519(bytes.fromhex(secret), bytes.fromhex(public)).hex(), shared)

    def test_iterations(self):                  # RFC 7748, 5.2
        k = u = BASE
        for _ in range(1000):
            k, u = x25519(k, u), k
        self.assertEqual(k.hex(),
                         "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")

    def test_exchange(self):                    # RFC 7748, 6.1
        a = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        b = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
        self.assertEqual(public_key(b).hex(),
                         "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        self.assertEqual(x25519(b, a).hex(),
                         "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
        self.assertEqual(x25519(b, bytes(32)), bytes(32))


if __name__ == "__main__":
    unittest.main()
