-- Cleans pins.
-- In:  records (topic, partition, "offset", append_time, event_id, received_at VARCHAR, v JSON: object text or NULL where
--      problem is set, problem VARCHAR: reject code or NULL). Macros of macros.sql.
-- Out: one row a record: ind, unique_id, title, description, follower_count, poster_name, tag_list, is_image_or_video,
--      image_src, save_location, category, downloaded, nulled, extra, topic, partition, "offset", append_time, event_id,
--      received_at TIMESTAMPTZ, reject (NULL for a clean row). In a reject only the columns from topic on mean anything.
-- One json_transform a row: a path lookup a field costs twice as much.
WITH extracted AS (
  SELECT *, json_transform(v, '{"index":"VARCHAR","ind":"VARCHAR","idx":"VARCHAR","unique_id":"VARCHAR","title":"VARCHAR","description":"VARCHAR","poster_name":"VARCHAR","follower_count":"VARCHAR","tag_list":"VARCHAR","is_image_or_video":"VARCHAR","image_src":"VARCHAR","save_location":"VARCHAR","category":"VARCHAR","downloaded":"VARCHAR"}') AS f
  FROM records
), named AS (
  SELECT * EXCLUDE (f), f,
    row_number_of(f) AS ind_text,
    trimmed(f.follower_count) AS count_text,
    CASE WHEN starts_with(f.save_location, 'Local save in ') THEN f.save_location[15:] ELSE f.save_location END AS place,
    CASE
      WHEN f.downloaded IN ('0', '1') THEN f.downloaded = '1'
      WHEN trimmed(f.downloaded) IN ('0', '1') THEN trimmed(f.downloaded) = '1'
      -- The text "true" is no boolean; json_transform makes it look like one.
      WHEN f.downloaded IN ('true', 'false') AND json_type(v, '$.downloaded') = 'BOOLEAN' THEN f.downloaded = 'true'
    END AS is_downloaded
  FROM extracted
), judged AS (
  SELECT *,
    integer_of(trimmed(ind_text)) AS ind,
    integer_reason(ind_text) AS ind_reason,
    CASE WHEN regexp_full_match(f.unique_id, '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}') THEN NULL ELSE 'not_a_uuid' END AS id_note,
    CASE WHEN is_text(f.title, 'No Title Data Available') THEN 'error_text' ELSE void_reason(f.title) END AS title_reason,
    CASE WHEN is_text(f.description, 'No description available Story format') OR is_text(f.description, 'No description available') THEN 'error_text' ELSE void_reason(f.description) END AS description_reason,
    CASE WHEN is_text(f.poster_name, 'User Info Error') THEN 'error_text' ELSE void_reason(f.poster_name) END AS poster_reason,
    count_of(count_text) AS follower_count,
    CASE
      WHEN count_text = 'User Info Error' THEN 'error_text'
      WHEN void_reason(f.follower_count) IS NOT NULL THEN void_reason(f.follower_count)
      WHEN NOT is_count(count_text) THEN 'unparseable'
      WHEN count_of(count_text) IS NULL THEN 'out_of_range'
    END AS count_reason,
    CASE WHEN is_text(f.tag_list, 'N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e') THEN 'error_text'
      WHEN regexp_full_match(f.tag_list, '[,\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]*') THEN 'empty'
      ELSE void_reason(f.tag_list) END AS tags_reason,
    CASE WHEN void_reason(f.is_image_or_video) IS NOT NULL THEN void_reason(f.is_image_or_video)
      WHEN f.is_image_or_video NOT IN ('image', 'video', 'multi-video(story page format)') AND trimmed(f.is_image_or_video) NOT IN ('image', 'video', 'multi-video(story page format)') THEN 'unknown_value' END AS form_reason,
    CASE WHEN is_text(f.image_src, 'Image src error.') THEN 'error_text' ELSE void_reason(f.image_src) END AS image_reason,
    void_reason(place) AS place_reason,
    CASE WHEN void_reason(f.category) IS NOT NULL THEN void_reason(f.category)
      WHEN f.category NOT IN ('art', 'beauty', 'christmas', 'diy-and-crafts', 'education', 'event-planning', 'finance', 'home-decor', 'mens-fashion', 'quotes', 'tattoos', 'travel', 'vehicles')
        AND trimmed(f.category) NOT IN ('art', 'beauty', 'christmas', 'diy-and-crafts', 'education', 'event-planning', 'finance', 'home-decor', 'mens-fashion', 'quotes', 'tattoos', 'travel', 'vehicles') THEN 'unknown_value' END AS category_reason,
    CASE WHEN is_downloaded IS NOT NULL THEN NULL WHEN void_reason(f.downloaded) IS NOT NULL THEN void_reason(f.downloaded) ELSE 'not_boolean' END AS downloaded_reason
  FROM named
)
SELECT
  ind,
  f.unique_id AS unique_id,
  CASE WHEN title_reason IS NULL THEN f.title END AS title,
  CASE WHEN description_reason IS NULL THEN f.description END AS description,
  follower_count,
  CASE WHEN poster_reason IS NULL THEN f.poster_name END AS poster_name,
  CASE WHEN tags_reason IS NULL THEN list_filter(string_split(f.tag_list, ','), lambda tag: NOT is_blank(tag)) END AS tag_list,
  CASE WHEN form_reason IS NULL OR form_reason = 'unknown_value' THEN f.is_image_or_video END AS is_image_or_video,
  CASE WHEN image_reason IS NULL THEN f.image_src END AS image_src,
  CASE WHEN place_reason IS NULL THEN place END AS save_location,
  CASE WHEN category_reason IS NULL OR category_reason = 'unknown_value' THEN f.category END AS category,
  is_downloaded AS downloaded,
  -- The list is built only where there is something to note.
  CASE WHEN coalesce(ind_reason, id_note, title_reason, description_reason, count_reason, poster_reason, tags_reason, form_reason, image_reason, place_reason, category_reason, downloaded_reason) IS NOT NULL THEN notes_text([
    note('ind', ind_reason, ind_text),
    note('unique_id', id_note, f.unique_id),
    note('title', title_reason, f.title),
    note('description', description_reason, f.description),
    note('follower_count', count_reason, f.follower_count),
    note('poster_name', poster_reason, f.poster_name),
    note('tag_list', tags_reason, f.tag_list),
    note('is_image_or_video', form_reason, f.is_image_or_video),
    note('image_src', image_reason, f.image_src),
    note('save_location', place_reason, f.save_location),
    note('category', category_reason, f.category),
    note('downloaded', downloaded_reason, f.downloaded)
  ]) END AS nulled,
  extra_of(v,
    (f."index" IS NOT NULL)::INTEGER + (f.ind IS NOT NULL)::INTEGER + (f.idx IS NOT NULL)::INTEGER + (f.unique_id IS NOT NULL)::INTEGER + (f.title IS NOT NULL)::INTEGER + (f.description IS NOT NULL)::INTEGER
      + (f.poster_name IS NOT NULL)::INTEGER + (f.follower_count IS NOT NULL)::INTEGER + (f.tag_list IS NOT NULL)::INTEGER + (f.is_image_or_video IS NOT NULL)::INTEGER + (f.image_src IS NOT NULL)::INTEGER
      + (f.save_location IS NOT NULL)::INTEGER + (f.category IS NOT NULL)::INTEGER + (f.downloaded IS NOT NULL)::INTEGER,
    '{"index":null,"ind":null,"idx":null,"unique_id":null,"title":null,"description":null,"poster_name":null,"follower_count":null,"tag_list":null,"is_image_or_video":null,"image_src":null,"save_location":null,"category":null,"downloaded":null}') AS extra,
  topic, partition, "offset", append_time, event_id,
  instant_of(received_at) AS received_at,
  CASE
    WHEN problem IS NOT NULL THEN problem
    WHEN coalesce(f.unique_id, f.title, f.description, f.poster_name, f.follower_count, f.tag_list, f.is_image_or_video, f.image_src, f.save_location, f.category, f.downloaded) IS NULL
      AND is_foreign(v, ['unique_id', 'title', 'description', 'poster_name', 'follower_count', 'tag_list', 'is_image_or_video', 'image_src', 'save_location', 'category', 'downloaded']) THEN 'wrong_kind'
    WHEN void_reason(f.unique_id) IS NOT NULL THEN 'missing_key'
    -- A number is no identity: its spelling is lost on the way here.
    WHEN id_note IS NOT NULL AND json_type(v, '$.unique_id') <> 'VARCHAR' THEN 'missing_key'
    WHEN row_number_conflict(f) THEN 'key_conflict'
    WHEN strlen(f.unique_id) > 512 THEN 'key_too_long'
  END AS reject
FROM judged
