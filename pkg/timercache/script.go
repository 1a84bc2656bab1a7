package timercache

// scriptFunctions begin each script. They read a stored value as marksOf does.
const scriptFunctions = `
-- after matches a pattern right behind a mark. It looks for the mark as plain
-- text, because a pattern would be tried at each character of a value.
local function after(text, mark, pattern)
  local found, last = nil, 0
  repeat
    last = select(2, string.find(text, mark, last + 1, true))
    found = last and string.match(text, pattern, last + 1)
  until found or not last
  return found
end
local function epoch_of(text) return after(text, '"epoch":"', '^(%w+)"') end
local function version(text)
  local v = text and after(text, '"version":', '^(%d+)') or ''
  if v == '0' then return '' end
  return v
end
local function believed(text, epoch, floor)
  local own = epoch_of(text)
  if own and epoch ~= '' then return own == epoch end
  return (tonumber(version(text)) or 0) >= floor
end

-- list_known adds names to their buckets, whose keys begin with prefix; with an epoch
-- it makes all buckets of them.
local function list_known(prefix, names, epoch)
  if #names == 0 and not epoch then return end
  local buckets, keys = {}, {}
  for _, name in ipairs(names) do
    local bucket = tonumber(string.sub(redis.sha1hex(name), 1, 4), 16) % 1024
    if not buckets[bucket] then buckets[bucket] = {}; keys[#keys + 1] = bucket end
    table.insert(buckets[bucket], name)
  end
  if epoch then
    keys = {}
    for i = 0, 1023 do keys[i + 1] = i end
  end
  local held, set, writes = {}, {}, {}
  for i, bucket in ipairs(keys) do set[i] = prefix .. bucket end
  if not epoch then held = redis.call('MGET', unpack(set)) end
  for i, bucket in ipairs(keys) do
    local text = epoch and epoch .. '|' or held[i] or ''
    for _, name in ipairs(buckets[bucket] or {}) do
      if epoch or not string.find(text, '|' .. name .. '|', 1, true) then text = text .. name .. '|' end
    end
    writes[2 * i - 1] = set[i]
    writes[2 * i] = text
  end
  redis.call('MSET', unpack(writes))
end
`

// flag is a condition as an argument of a script.
func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}
