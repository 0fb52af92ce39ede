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
), fields AS (
  -- Once a field: each look into a struct sets aside room for all of it.
  SELECT * EXCLUDE (f), f."index" AS index_in, f."ind" AS ind_in, f."idx" AS idx_in, f."unique_id" AS unique_id_in, f."title" AS title_in, f."description" AS description_in, f."poster_name" AS poster_name_in, f."follower_count" AS follower_count_in, f."tag_list" AS tag_list_in, f."is_image_or_video" AS is_image_or_video_in, f."image_src" AS image_src_in, f."save_location" AS save_location_in, f."category" AS category_in, f."downloaded" AS downloaded_in
  FROM extracted
), texts AS (
  SELECT *,
    row_number_of(index_in, ind_in, idx_in) AS ind_text,
    said_by(index_in, index_in, ind_in, idx_in) AS index_says,
    said_by(ind_in, index_in, ind_in, idx_in) AS ind_says,
    said_by(idx_in, index_in, ind_in, idx_in) AS idx_says,
    trimmed(follower_count_in) AS count_text,
    trimmed(downloaded_in) AS downloaded_text,
    CASE WHEN starts_with(save_location_in, 'Local save in ') THEN save_location_in[15:] ELSE save_location_in END AS place,
    CASE WHEN is_iso(received_at) THEN received_at END AS received_iso,
    extra_of(v,
      (index_in IS NOT NULL)::INTEGER + (ind_in IS NOT NULL)::INTEGER + (idx_in IS NOT NULL)::INTEGER + (unique_id_in IS NOT NULL)::INTEGER + (title_in IS NOT NULL)::INTEGER + (description_in IS NOT NULL)::INTEGER
        + (poster_name_in IS NOT NULL)::INTEGER + (follower_count_in IS NOT NULL)::INTEGER + (tag_list_in IS NOT NULL)::INTEGER + (is_image_or_video_in IS NOT NULL)::INTEGER + (image_src_in IS NOT NULL)::INTEGER
        + (save_location_in IS NOT NULL)::INTEGER + (category_in IS NOT NULL)::INTEGER + (downloaded_in IS NOT NULL)::INTEGER,
      '{"index":null,"ind":null,"idx":null,"unique_id":null,"title":null,"description":null,"poster_name":null,"follower_count":null,"tag_list":null,"is_image_or_video":null,"image_src":null,"save_location":null,"category":null,"downloaded":null}') AS extra
  FROM fields
), values_ AS (
  SELECT *,
    trimmed(ind_text) AS ind_digits,
    count_of(count_text) AS follower_count,
    CASE
      WHEN downloaded_text IN ('0', '1') THEN downloaded_text = '1'
      -- The text "true" is no boolean; json_transform makes it look like one.
      WHEN downloaded_in IN ('true', 'false') THEN CASE WHEN json_type(v, '$.downloaded') = 'BOOLEAN' THEN downloaded_in = 'true' END
    END AS is_downloaded,
    void_reason(unique_id_in) AS id_reason,
    CASE WHEN regexp_full_match(unique_id_in, '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}') THEN NULL ELSE 'not_a_uuid' END AS id_note,
    CASE WHEN is_text(title_in, 'No Title Data Available') THEN 'error_text' ELSE void_reason(title_in) END AS title_reason,
    CASE WHEN CASE WHEN contains(description_in, 'No description available') THEN trimmed(description_in) IN ('No description available Story format', 'No description available') ELSE false END THEN 'error_text' ELSE void_reason(description_in) END AS description_reason,
    CASE WHEN is_text(poster_name_in, 'User Info Error') THEN 'error_text' ELSE void_reason(poster_name_in) END AS poster_reason,
    CASE WHEN is_text(tag_list_in, 'N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e') THEN 'error_text'
      ELSE void_reason(tag_list_in) END AS tags_void,
    list_filter(string_split(tag_list_in, ','), lambda tag: NOT is_blank(tag)) AS tags,
    CASE WHEN is_image_or_video_in IN ('image', 'video', 'multi-video(story page format)') THEN NULL
      ELSE coalesce(void_reason(is_image_or_video_in), CASE WHEN trimmed(is_image_or_video_in) NOT IN ('image', 'video', 'multi-video(story page format)') THEN 'unknown_value' END) END AS form_reason,
    CASE WHEN is_text(image_src_in, 'Image src error.') THEN 'error_text' ELSE void_reason(image_src_in) END AS image_reason,
    void_reason(place) AS place_reason,
    CASE WHEN category_in IN ('art', 'beauty', 'christmas', 'diy-and-crafts', 'education', 'event-planning', 'finance', 'home-decor', 'mens-fashion', 'quotes', 'tattoos', 'travel', 'vehicles') THEN NULL
      ELSE coalesce(void_reason(category_in), CASE WHEN trimmed(category_in) NOT IN ('art', 'beauty', 'christmas', 'diy-and-crafts', 'education', 'event-planning', 'finance', 'home-decor', 'mens-fashion', 'quotes', 'tattoos', 'travel', 'vehicles') THEN 'unknown_value' END) END AS category_reason
  FROM texts
), numbers AS (
  SELECT *, integer_of(ind_digits) AS ind
  FROM values_
), judged AS (
  SELECT *,
    integer_reason(ind_text, ind_digits, ind) AS ind_reason,
    CASE WHEN follower_count IS NOT NULL THEN NULL
      WHEN count_text = 'User Info Error' THEN 'error_text'
      ELSE coalesce(void_reason(follower_count_in), CASE WHEN is_count(count_text) THEN 'out_of_range' ELSE 'unparseable' END) END AS count_reason,
    coalesce(tags_void, CASE WHEN len(tags) = 0 THEN 'empty' END) AS tags_reason,
    CASE WHEN is_downloaded IS NULL THEN coalesce(void_reason(downloaded_in), 'not_boolean') END AS downloaded_reason
  FROM numbers
)
SELECT
  ind,
  unique_id_in AS unique_id,
  CASE WHEN title_reason IS NULL THEN title_in END AS title,
  CASE WHEN description_reason IS NULL THEN description_in END AS description,
  follower_count,
  CASE WHEN poster_reason IS NULL THEN poster_name_in END AS poster_name,
  CASE WHEN tags_reason IS NULL THEN tags END AS tag_list,
  CASE WHEN form_reason IS NULL OR form_reason = 'unknown_value' THEN is_image_or_video_in END AS is_image_or_video,
  CASE WHEN image_reason IS NULL THEN image_src_in END AS image_src,
  CASE WHEN place_reason IS NULL THEN place END AS save_location,
  CASE WHEN category_reason IS NULL OR category_reason = 'unknown_value' THEN category_in END AS category,
  is_downloaded AS downloaded,
  -- The list is built only where there is something to note.
  CASE WHEN coalesce(ind_reason, id_note, title_reason, description_reason, count_reason, poster_reason, tags_reason, form_reason, image_reason, place_reason, category_reason, downloaded_reason) IS NOT NULL THEN notes_text(
    ['ind', 'unique_id', 'title', 'description', 'follower_count', 'poster_name', 'tag_list', 'is_image_or_video', 'image_src', 'save_location', 'category', 'downloaded'],
    [ind_reason, id_note, title_reason, description_reason, count_reason, poster_reason, tags_reason, form_reason, image_reason, place_reason, category_reason, downloaded_reason],
    [ind_text, unique_id_in, title_in, description_in, follower_count_in, poster_name_in, tag_list_in, is_image_or_video_in, image_src_in, save_location_in, category_in, downloaded_in]
  ) END AS nulled,
  extra,
  topic, partition, "offset", append_time, event_id,
  instant_of(received_iso) AS received_at,
  CASE
    WHEN problem IS NOT NULL THEN problem
    -- Not one of the kind's own members, not even as null, yet others than a row number: some other kind's. Does not look at
    -- `extra`, so that a pass for keys alone need not make it.
    WHEN CASE WHEN coalesce(unique_id_in, title_in, description_in, poster_name_in, follower_count_in, tag_list_in, is_image_or_video_in, image_src_in, save_location_in, category_in, downloaded_in) IS NULL
      THEN has_more_than_row_number(v) AND NOT list_contains(json_exists(v, ['$.unique_id', '$.title', '$.description', '$.poster_name', '$.follower_count', '$.tag_list', '$.is_image_or_video', '$.image_src', '$.save_location', '$.category', '$.downloaded']), true) ELSE false END THEN 'wrong_kind'
    WHEN id_reason IS NOT NULL THEN 'missing_key'
    -- A number is no identity: its spelling is lost on the way here.
    WHEN CASE WHEN id_note IS NOT NULL THEN json_type(v, '$.unique_id') <> 'VARCHAR' ELSE false END THEN 'missing_key'
    WHEN contradict(index_says, ind_says, idx_says) THEN 'key_conflict'
    WHEN strlen(unique_id_in) > 512 THEN 'key_too_long'
  END AS reject
FROM judged
