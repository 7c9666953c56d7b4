-- Replaces a document if it still is what it was.
--
-- KEYS  the document
-- ARGV  what it was and what it shall be, both empty for nothing; milliseconds until the server may
--       drop it, 0 for never
--
-- Answers 1 and nothing; or 0 and what is there instead.
local now = redis.call('GET', KEYS[1]) or ''
if now ~= ARGV[1] then
	return {0, now}
end
if ARGV[2] == '' then
	redis.call('DEL', KEYS[1])
elseif ARGV[3] == '0' then
	redis.call('SET', KEYS[1], ARGV[2])
else
	redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return {1, ''}
