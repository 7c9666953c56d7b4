-- Signatures of tokens, by the libcrypto that nginx is linked with: Debian packages no library for
-- it that ngx_lua can use.

local ffi = require "ffi"
local C = ffi.C

ffi.cdef [[
typedef struct evp_md_st EVP_MD;
typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct bio_st BIO;
EVP_MD *EVP_MD_fetch(void *ctx, const char *algorithm, const char *properties);
unsigned char *HMAC(const EVP_MD *md, const void *key, int key_len, const unsigned char *data,
	size_t n, unsigned char *out, unsigned int *out_len);
int CRYPTO_memcmp(const void *a, const void *b, size_t len);
BIO *BIO_new_mem_buf(const void *buf, int len);
int BIO_free(BIO *bio);
EVP_PKEY *PEM_read_bio_PUBKEY(BIO *bio, EVP_PKEY **key, void *callback, void *data);
EVP_MD_CTX *EVP_MD_CTX_new(void);
int EVP_MD_CTX_reset(EVP_MD_CTX *ctx);
int EVP_DigestVerifyInit(EVP_MD_CTX *ctx, void **pctx, const EVP_MD *type, void *engine,
	EVP_PKEY *key);
int EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t sig_len,
	const unsigned char *data, size_t data_len);
void ERR_clear_error(void);
]]

local signature = {}

local sha256 = C.EVP_MD_fetch(nil, "SHA256", nil)
assert(sha256 ~= nil, "libcrypto has no SHA-256")

local function hmac(secret)
	local out, length = ffi.new("unsigned char[32]"), ffi.new("unsigned int[1]")
	return function(text, mac)
		if #mac ~= 32 then
			return false
		end
		C.HMAC(sha256, secret, #secret, text, #text, out, length)
		return C.CRYPTO_memcmp(out, mac, 32) == 0
	end
end

local function public(file)
	local handle = assert(io.open(file))
	local pem = handle:read("*a")
	handle:close()
	local bio = C.BIO_new_mem_buf(pem, #pem)
	local key = C.PEM_read_bio_PUBKEY(bio, nil, nil, nil)
	C.BIO_free(bio)
	assert(key ~= nil, "no public key in " .. file)
	-- Nothing yields between reset and verify, so one context serves all requests of a worker.
	local context = C.EVP_MD_CTX_new()
	return function(text, sig)
		C.EVP_MD_CTX_reset(context)
		if C.EVP_DigestVerifyInit(context, nil, sha256, nil, key) ~= 1 then
			return false
		end
		if C.EVP_DigestVerify(context, sig, #sig, text, #text) == 1 then
			return true
		end
		C.ERR_clear_error()
		return false
	end
end

-- integer writes a part of an ECDSA signature as DER does: without zeros before it, but for one
-- that keeps it positive.
local function integer(bytes)
	bytes = bytes:gsub("^%z+", "")
	if bytes == "" or bytes:byte() >= 0x80 then
		bytes = "\0" .. bytes
	end
	return "\2" .. string.char(#bytes) .. bytes
end

-- verifier returns a function that says whether a signature is that of a text.
function signature.verifier(algorithm, secret, file)
	if algorithm == "HS256" then
		return hmac(secret)
	end
	local verify = public(file)
	if algorithm == "RS256" then
		return verify
	end
	assert(algorithm == "ES256", "no algorithm is called " .. tostring(algorithm))
	-- A token has both numbers of 32 bytes (RFC 7518, section 3.4).
	return function(text, sig)
		if #sig ~= 64 then
			return false
		end
		local pair = integer(sig:sub(1, 32)) .. integer(sig:sub(33))
		return verify(text, "\48" .. string.char(#pair) .. pair)
	end
end

return signature
