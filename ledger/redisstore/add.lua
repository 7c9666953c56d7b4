-- Adds to the fields of a row, unless that was done before under the same once.
--
-- KEYS  the row, a hash; the marks of what was added to it, a sorted set by time
-- ARGV  the mark of this addition or nothing; seconds that marks are kept; the most fields of a row;
--       then a field and a number for each delta
--
-- Answers 1; or 0 if it was done before; or 2 if the row would have too many fields.
--
-- A script that fails in its middle leaves what it has written. So this one puts back what was there
-- when a number cannot be added: one that would overflow, or a foreign text. What a full, a read-only
-- or a lonely server refuses, it refuses at the first write, and lets the others pass.
local row, marks = KEYS[1], KEYS[2]
local mark, life, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local first = 4 -- of the deltas in ARGV

-- The server's clock: one for all nodes of the fleet.
local now = tonumber(redis.call('TIME')[1])

local before = {}
for i = first, #ARGV, 2 do
	before[i] = redis.call('HGET', row, ARGV[i])
end

local function undo()
	for i = first, #ARGV, 2 do
		if before[i] then
			redis.call('HSET', row, ARGV[i], before[i])
		else
			redis.call('HDEL', row, ARGV[i])
		end
	end
	if mark ~= '' then
		redis.call('ZREM', marks, mark)
	end
end

if mark ~= '' and redis.call('ZADD', marks, 'NX', now, mark) == 0 then
	return 0
end
for i = first, #ARGV, 2 do
	local sum = redis.pcall('HINCRBY', row, ARGV[i], ARGV[i + 1])
	if type(sum) == 'table' and sum.err then
		if mark ~= '' or i > first then -- else nothing is written yet
			undo()
		end
		return sum
	end
	if sum == 0 then
		redis.call('HDEL', row, ARGV[i])
	end
end
if redis.call('HLEN', row) > most then
	undo()
	return 2
end

-- Marks of a row that is in use go a few at a time; those of any other end with the last of them.
if mark ~= '' then
	local old = redis.call('ZRANGEBYSCORE', marks, '-inf', '(' .. now - life, 'LIMIT', 0, 16)
	if #old > 0 then
		redis.call('ZREM', marks, unpack(old))
	end
	redis.call('EXPIRE', marks, life)
end
return 1
